package blob

// OpenWatched is OpenFiles with a watcher of the steps that a power cut can come between.
func OpenWatched(dir string, before func(step, path string) error) (*Files, error) {
	return openFiles(dir, before)
}
