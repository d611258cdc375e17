package ffmpeg

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	killWait   = 2 * time.Second // for a killed process to let go of its pipes
	errorBytes = 4 << 10         // of what ffmpeg says are kept for the log
	mostPixels = "104857600"     // of a picture; media takes no more
	allocBytes = "536870912"     // of one piece of memory of ffmpeg
)

// command is ffmpeg with arguments, in the job's directory. No shell sees them.
// When ctx ends it is killed with all that it started.
func (w *work) command(ctx context.Context, args ...string) (*exec.Cmd, *tail) {
	all := append([]string{"-nostdin", "-hide_banner", "-loglevel", "error", "-max_alloc", allocBytes, "-y"}, args...)
	cmd := exec.CommandContext(ctx, w.program, all...)
	cmd.Dir = w.dir
	cmd.Env = []string{"HOME=" + w.dir, "LC_ALL=C.UTF-8", "PATH=/usr/local/bin:/usr/bin:/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killWait
	errs := &tail{}
	cmd.Stderr = errs
	return cmd, errs
}

// demuxers are the only ways in which files are read, by their types: what a file
// looks like to ffmpeg may be a list that names other files.
var demuxers = map[string]string{
	"image/jpeg": "jpeg_pipe", "image/png": "png_pipe", "image/gif": "gif", "image/webp": "webp_pipe",
	"audio/wav": "wav", "audio/flac": "flac", "audio/ogg": "ogg", "audio/aac": "aac", "audio/mpeg": "mp3",
	"audio/mp4": "mov", "video/mp4": "mov", "video/quicktime": "mov", "audio/webm": "matroska", "video/webm": "matroska",
}

// input is the arguments that read a file of somebody: no network, no lists, no
// pictures that would fill the memory.
func input(a asset, before ...string) []string {
	return append(append([]string{"-protocol_whitelist", "file,pipe", "-f", demuxers[a.mediaType], "-max_pixels", mostPixels}, before...), "-i", "file:"+a.path)
}

// process is an ffmpeg whose output is read.
type process struct {
	io.Reader
	cmd    *exec.Cmd
	errs   *tail
	cancel context.CancelFunc
}

// start runs ffmpeg; whoever starts it waits for it, or stops it.
func (w *work) start(ctx context.Context, args []string) (*process, error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd, errs := w.command(ctx, args...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = w.begin(cmd)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	return &process{out, cmd, errs, cancel}, nil
}

// wait throws away what was not read, and tells what it died of.
func (p *process) wait() error {
	defer p.cancel()
	_, _ = io.Copy(io.Discard, p)
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, p.errs)
	}
	return nil
}

// stop ends it, wherever it is.
func (p *process) stop() {
	p.cancel()
	_ = p.wait()
}

// stream runs ffmpeg and gives what it writes to take. What take leaves is not read.
func (w *work) stream(ctx context.Context, args []string, take func(r io.Reader) error) error {
	p, err := w.start(ctx, args)
	if err != nil {
		return err
	}
	if err := take(p); err != nil {
		p.stop()
		return err
	}
	return p.wait()
}

// tail keeps the end of what is written to it.
type tail struct{ b bytes.Buffer }

func (t *tail) Write(p []byte) (int, error) {
	t.b.Write(p)
	if over := t.b.Len() - errorBytes; over > 0 {
		t.b.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string { return strings.TrimSpace(t.b.String()) }
