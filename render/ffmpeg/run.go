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
	allocBytes = "536870912"     // of one piece of memory of ffmpeg
	fileBytes  = "64G"           // of a result
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

// input is the arguments that read a file of somebody: no network, no other files.
func input(path string, before ...string) []string {
	return append(append([]string{"-protocol_whitelist", "file"}, before...), "-i", "file:"+path)
}

// stream runs ffmpeg and gives what it writes to take. What take leaves is not read.
func (w *work) stream(ctx context.Context, args []string, take func(r io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd, errs := w.command(ctx, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	taken := take(out)
	if taken != nil {
		cancel()
	}
	_, _ = io.Copy(io.Discard, out)
	if err := cmd.Wait(); taken == nil && err != nil {
		return fmt.Errorf("ffmpeg: %w: %s", err, errs)
	}
	return taken
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
