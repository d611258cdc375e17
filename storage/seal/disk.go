package seal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrBusy is returned when another process rotates the same master key.
var ErrBusy = errors.New("another process is rotating the master key")

// disk writes files so that after a crash either the old or the new content is
// there, whole.
type disk struct {
	before func(step string) error // for tests: what fails instead of a step
}

// step does one thing to the file system.
func (d disk) step(name string, do func() error) error {
	if d.before != nil {
		if err := d.before(name); err != nil {
			return err
		}
	}
	return do()
}

// create writes a file that was not there; when it was, it is fs.ErrExist.
func (d disk) create(path string, content []byte) error {
	// The name is random because two processes may create at once. What a crash
	// leaves under it is a key that never sealed anything.
	draft := path + "." + rand.Text()
	err := d.draft(draft, content)
	if err == nil {
		// A rename would replace what another process has made meanwhile.
		err = d.step("link", func() error { return os.Link(draft, path) })
	}
	err = errors.Join(err, d.remove(draft))
	if err == nil {
		err = d.syncDirectory(path)
	}
	return err
}

// replace writes a file in place of one. Only the holder of the lock may call it.
func (d disk) replace(path string, content []byte) error {
	// The name is fixed, so that what a crash leaves under it, which is secret,
	// is overwritten by the next call.
	draft := path + ".new"
	err := d.draft(draft, content)
	if err == nil {
		err = d.step("own", func() error { return sameOwner(draft, path) })
	}
	if err == nil {
		err = d.step("rename", func() error { return os.Rename(draft, path) })
	}
	if err != nil {
		return errors.Join(err, d.remove(draft))
	}
	return d.syncDirectory(path)
}

// draft writes a file and has it on disk.
func (d disk) draft(path string, content []byte) error {
	var file *os.File
	err := d.step("create", func() (err error) {
		file, err = os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		return err
	})
	if err != nil {
		return err
	}
	err = d.step("write", func() error {
		_, err := file.Write(content)
		return err
	})
	if err == nil {
		err = d.step("sync", file.Sync)
	}
	return errors.Join(err, file.Close())
}

// sameOwner gives a file to who owns another: whoever changes a key may be root, and
// servers are not.
func sameOwner(path, like string) error {
	info, err := os.Stat(like)
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || os.Geteuid() != 0 {
		return nil
	}
	return os.Chown(path, int(owner.Uid), int(owner.Gid))
}

func (d disk) remove(path string) error {
	return d.step("remove", func() error {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// syncDirectory has the names beside path on disk.
func (d disk) syncDirectory(path string) error {
	return d.step("sync directory", func() error {
		dir, err := os.Open(filepath.Dir(path))
		if err != nil {
			return err
		}
		return errors.Join(dir.Sync(), dir.Close())
	})
}

// lock takes the lock of a file until what it returns is closed. The kernel lets
// go of it when the process ends, however it ends.
func (d disk) lock(path string) (file *os.File, err error) {
	err = d.step("lock", func() error {
		file, err = os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = ErrBusy
		}
		if err != nil {
			return errors.Join(err, file.Close())
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("locking %s: %w", path, err)
	}
	return file, nil
}
