package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/soratoo/soratoo/render"
)

// Limits are how much one job may take; zeros are the usual ones.
type Limits struct {
	Time   time.Duration // from its beginning to its end
	Disk   int64         // bytes in its directory
	File   int64         // bytes of its result
	Memory int64         // bytes of each ffmpeg
}

// The usual limits.
const (
	longest     = 6 * time.Hour
	diskBytes   = 32 << 30
	fileBytes   = 2 << 30 // as much as an asset may have
	memoryBytes = 4 << 30
	lookTime    = 500 * time.Millisecond // between looks at the size of the directory
)

func (l Limits) orUsual() Limits {
	if l.Time == 0 {
		l.Time = longest
	}
	if l.Disk == 0 {
		l.Disk = diskBytes
	}
	if l.File == 0 {
		l.File = fileBytes
	}
	if l.Memory == 0 {
		l.Memory = memoryBytes
	}
	return l
}

// Why work is ended that takes too much. None of it is tried again: it would take
// as much.
var (
	errTime = failure("time", "it took longer than a render may take: make it shorter or smaller, or in parts")
	errDisk = failure("disk", "it needs more of the disk than a render may have: make it in parts")
	errFile = failure("too-large", "the result is larger than a file may be: make it in parts, or smaller")
	errRoom = failure("disk", "the disk of the server is full: whoever runs it has to make room")
	errHeap = failure("memory", "it needs more memory than a render may have: the media in it are too large")
)

func failure(code, message string) *render.Failure {
	return &render.Failure{Reason: render.Reason{Code: code, Message: message}, Err: errors.New("ffmpeg: " + message)}
}

// bounded is a context that ends with why when the work takes too much. The work is
// over when stop returns.
func (w *work) bounded(ctx context.Context) (bounded context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		end := time.NewTimer(w.limits.Time)
		defer end.Stop()
		look := time.NewTicker(lookTime)
		defer look.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-end.C:
				cancel(errTime)
			case <-look.C:
				if w.used() > w.limits.Disk {
					cancel(errDisk)
				}
			}
		}
	}()
	return ctx, func() { cancel(nil); <-over }
}

// used is how many bytes the job's directory has.
func (w *work) used() (bytes int64) {
	// What goes away while it is looked at counts no more.
	_ = filepath.WalkDir(w.dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if about, err := d.Info(); err == nil {
			if s, ok := about.Sys().(*syscall.Stat_t); ok { // a mix is sparse
				bytes += s.Blocks * 512
			}
		}
		return nil
	})
	return bytes
}

// begin starts a command within its limits of memory and of what it writes. It has
// begun by then, and has not yet read anything that could make it grow.
func (w *work) begin(cmd *exec.Cmd) error {
	if err := cmd.Start(); err != nil {
		return err
	}
	err := errors.Join(
		limit(cmd.Process.Pid, resourceData, w.limits.Memory),
		limit(cmd.Process.Pid, syscall.RLIMIT_FSIZE, w.limits.File),
		limit(cmd.Process.Pid, syscall.RLIMIT_CORE, 0),
	)
	if errors.Is(err, syscall.ESRCH) || err == nil { // it is over already
		return nil
	}
	_ = cmd.Cancel() // it may be over
	_ = cmd.Wait()
	return fmt.Errorf("bounding ffmpeg: %w", err)
}

// why finds the limit that an error comes of; nil when it comes of none.
func why(ctx context.Context, err error) error {
	var f *render.Failure
	text := err.Error()
	switch {
	case errors.As(context.Cause(ctx), &f):
		return f
	case strings.Contains(text, "signal: file size limit exceeded"), strings.Contains(text, "File too large"):
		return errFile
	case errors.Is(err, syscall.ENOSPC), strings.Contains(text, "No space left on device"):
		return errRoom
	case strings.Contains(text, "Cannot allocate memory"),
		// The arguments are ours and right: what an encoder lacks is memory.
		strings.Contains(text, "Error while opening encoder"):
		return errHeap
	}
	return nil
}
