package crdttest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/soratoo/soratoo/crdt"
)

//go:embed testdata/b4-editing-trace.json.gz
var b4 []byte

// Keystroke is one edit of a trace: at a position, delete, then insert.
type Keystroke struct {
	At, Delete int
	Insert     string
}

// UnmarshalJSON reads [position, deleted] or [position, deleted, inserted].
func (k *Keystroke) UnmarshalJSON(b []byte) error {
	parts := []any{&k.At, &k.Delete, &k.Insert}
	return json.Unmarshal(b, &parts)
}

// MarshalJSON writes [position, deleted, inserted].
func (k Keystroke) MarshalJSON() ([]byte, error) {
	return json.Marshal([]any{k.At, k.Delete, k.Insert})
}

// B4 is the B4 trace of crdt-benchmarks: 259,778 keystrokes.
func B4() ([]Keystroke, error) {
	r, err := gzip.NewReader(bytes.NewReader(b4))
	if err != nil {
		return nil, fmt.Errorf("reading the trace: %w", err)
	}
	var trace []Keystroke
	if err := json.NewDecoder(r).Decode(&trace); err != nil {
		return nil, fmt.Errorf("reading the trace: %w", err)
	}
	return trace, nil
}

// Type makes a keystroke in a text, in its own transaction, and returns the
// update.
func (k Keystroke) Type(doc *crdt.Doc, text crdt.Text) []byte {
	return doc.Transact(func(tx *crdt.Tx) {
		if k.Delete > 0 {
			text.Delete(tx, k.At, k.Delete)
		}
		if k.Insert != "" {
			text.Insert(tx, k.At, k.Insert)
		}
	})
}
