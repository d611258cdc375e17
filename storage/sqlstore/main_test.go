package sqlstore_test

import (
	"os"
	"testing"
)

// templates is where databases are that tests copy.
var templates string

func TestMain(m *testing.M) {
	var err error
	if templates, err = os.MkdirTemp("", "soratoo-sqlstore-"); err != nil {
		panic(err)
	}

	code := m.Run()
	_ = os.RemoveAll(templates)
	os.Exit(code)
}
