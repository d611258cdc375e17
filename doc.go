package main

import (
	"errors"
	"io"
)

// docCommand works on Yjs update files.
func docCommand(_ []string, _ io.Reader, _ io.Writer) error {
	return errors.New("doc: not in this build")
}
