//go:build !linux

package ffmpeg

const resourceData = 0

// limit does nothing where a running process cannot be bounded from outside.
func limit(int, int, int64) error { return nil }
