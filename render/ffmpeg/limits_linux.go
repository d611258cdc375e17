package ffmpeg

import (
	"syscall"
	"unsafe"
)

// resourceData is the limit of what a process has written to in memory. That of
// its addresses would count what threads have reserved and never use.
const resourceData = syscall.RLIMIT_DATA

// limit bounds a running process by prlimit(2).
func limit(pid, resource int, most int64) error {
	to := syscall.Rlimit{Cur: uint64(most), Max: uint64(most)}
	_, _, e := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), uintptr(resource), uintptr(unsafe.Pointer(&to)), 0, 0, 0)
	if e != 0 {
		return e
	}
	return nil
}
