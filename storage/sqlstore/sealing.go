package sqlstore

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/soratoo/soratoo/history"
	"github.com/soratoo/soratoo/render"
	"github.com/soratoo/soratoo/rooms"
	"github.com/soratoo/soratoo/storage/seal"
)

// Sealer makes what is stored unreadable for who has the database alone; see storage/seal.
type Sealer interface {
	Seal(ctx context.Context, scope, label string, plain []byte) ([]byte, error)
	Open(ctx context.Context, scope, label string, sealed []byte) ([]byte, error)
}

// SealBy has contents sealed from now on: entries and snapshots of documents, versions,
// what renders are of, notices and secrets. What was stored in clear before is read as it
// is. It is called once, before anything else but what the sealer needs of the store.
//
// Sealing may ask the database for a key. So it is done before transactions begin and after
// they have ended, and never while a connection is held.
func (s *Store) SealBy(by Sealer) { s.sealer = by }

// scopeOfDoc is the scope of a document, which its name begins with.
func scopeOfDoc(doc string) string {
	project, _, _ := strings.Cut(doc, "/")
	return seal.Project(project)
}

// content is bytes as a database has them.
type content struct {
	bytes  []byte
	sealed bool
}

// sealed seals bytes, if there is a sealer.
func (s *Store) sealed(ctx context.Context, scope, label string, plain []byte) (content, error) {
	if s.sealer == nil {
		return content{bytes: plain}, nil
	}
	b, err := s.sealer.Seal(ctx, scope, label, plain)
	return content{b, true}, err
}

// opened is what was sealed.
func (s *Store) opened(ctx context.Context, scope, label string, c content) ([]byte, error) {
	if !c.sealed {
		return c.bytes, nil
	}
	if s.sealer == nil {
		return nil, errors.New("it is sealed, and there are no keys")
	}
	return s.sealer.Open(ctx, scope, label, c.bytes)
}

func labelOf(doc string) string { return "document " + doc }

// sealWrites seals the updates of writes.
func (s *Store) sealWrites(ctx context.Context, writes []rooms.Write) ([]rooms.Write, error) {
	if s.sealer == nil {
		return writes, nil
	}
	out := slices.Clone(writes)
	for i := range out {
		w := &out[i]
		w.Entries = slices.Clone(w.Entries)
		for j := range w.Entries {
			c, err := s.sealed(ctx, scopeOfDoc(w.Doc), labelOf(w.Doc), w.Entries[j].Update)
			if err != nil {
				return nil, fmt.Errorf("sealing %s: %w", w.Doc, err)
			}
			w.Entries[j].Update = c.bytes
		}
	}
	return out, nil
}

// openStored opens the rows of a document.
func (s *Store) openStored(ctx context.Context, l *loading) (err error) {
	open := func(r row) ([]byte, error) {
		b, err := s.opened(ctx, scopeOfDoc(l.doc), labelOf(l.doc), content{r.payload, r.sealed})
		if err != nil {
			return nil, fmt.Errorf("opening the seal of entry %d: %w", r.seq, err)
		}
		return b, nil
	}
	if l.base != nil {
		if l.stored.Snapshot, err = open(*l.base); err != nil {
			return err
		}
	}
	for _, r := range l.rows {
		update, err := open(r)
		if err != nil {
			return err
		}
		l.stored.Tail = append(l.stored.Tail, update)
	}
	return nil
}

// sealedMark begins texts that are sealed.
const sealedMark = "sealed:"

// sealedText seals a text, which is a text still. No text of ours begins as it does.
func (s *Store) sealedText(ctx context.Context, scope, label, text string) (string, error) {
	c, err := s.sealed(ctx, scope, label, []byte(text))
	if err != nil || !c.sealed {
		return text, err
	}
	return sealedMark + base64.StdEncoding.EncodeToString(c.bytes), nil
}

// openedText is what sealedText has sealed, or a text that was stored before.
func (s *Store) openedText(ctx context.Context, scope, label, text string) (string, error) {
	encoded, sealed := strings.CutPrefix(text, sealedMark)
	if !sealed {
		return text, nil
	}
	b, err := base64.StdEncoding.DecodeString(encoded)
	if err == nil {
		b, err = s.opened(ctx, scope, label, content{b, true})
	}
	return string(b), err
}

// sealVersion seals what a version holds, in place.
func (s *Store) sealVersion(ctx context.Context, v history.Version, changes string) (state []byte, text string, err error) {
	c, err := s.sealed(ctx, seal.Project(v.Project), "version "+v.ID, v.State)
	if err != nil || !c.sealed {
		return blob(c.bytes), changes, err
	}
	text, err = s.sealedText(ctx, seal.Project(v.Project), "changes "+v.ID, changes)
	return c.bytes, text, err
}

// openVersion opens what sealVersion has sealed. The state is nil when it was not asked
// for.
func (s *Store) openVersion(ctx context.Context, v storedVersion) (state []byte, changes []byte, err error) {
	if !strings.HasPrefix(v.changes, sealedMark) {
		return v.state, []byte(v.changes), nil // JSON
	}
	text, err := s.openedText(ctx, seal.Project(v.Project), "changes "+v.ID, v.changes)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a version: %w", err)
	}
	changes = []byte(text)
	if v.state != nil {
		if state, err = s.opened(ctx, seal.Project(v.Project), "version "+v.ID, content{v.state, true}); err != nil {
			return nil, nil, fmt.Errorf("reading a version: %w", err)
		}
	}
	return state, changes, nil
}

// isSealed tells sealed bytes from JSON, which never begins so.
func isSealed(b []byte) bool { return len(b) > 0 && b[0] == sealFormat }

// sealFormat is the first byte of what a sealer returns.
const sealFormat = 1

// sealJob seals what a job is of, in place.
func (s *Store) sealJob(ctx context.Context, j *render.Job) error {
	c, err := s.sealed(ctx, seal.Project(j.Project), "render", j.Spec)
	if err != nil {
		return fmt.Errorf("sealing a render: %w", err)
	}
	j.Spec = c.bytes
	return nil
}

// openJob opens what a job is of, in place.
func (s *Store) openJob(ctx context.Context, j *render.Job) error {
	spec, err := s.opened(ctx, seal.Project(j.Project), "render", content{j.Spec, isSealed(j.Spec)})
	if err != nil {
		return fmt.Errorf("reading a render: %w", err)
	}
	j.Spec = spec
	return nil
}

// openChange opens the job of a change, unless the change failed.
func (s *Store) openChange(ctx context.Context, c render.Change, err error) (render.Change, error) {
	if err == nil {
		err = s.openJob(ctx, &c.Job)
	}
	return c, err
}

// openAll opens jobs, unless reading them failed.
func (s *Store) openAll(ctx context.Context, jobs []render.Job, err error) ([]render.Job, error) {
	for i := 0; i < len(jobs) && err == nil; i++ {
		err = s.openJob(ctx, &jobs[i])
	}
	return jobs, err
}
