// Package backup copies an installation into one encrypted file, and back: into the same
// kind of database or another one. The file is an age file (age-encryption.org) of a tar
// archive: what is stored stays sealed in it, with the keys that it is sealed under.
package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/soratoo/soratoo/storage/blob"
	"github.com/soratoo/soratoo/storage/sqlstore"
)

const (
	format       = 1 // of what is in the archive; readers refuse others
	derivedWork  = 10
	chosenWork   = 18        // of a passphrase that people chose
	largestPart  = 256 << 20 // bytes of a part of a table
	largestFile  = 64 << 10  // of the manifest and of a key
	manifestName = "manifest.json"
	keyName      = "master.key"
)

// ErrFile: a file is not a backup, is damaged, or opens with another passphrase.
var ErrFile = errors.New("the backup cannot be read")

// Database is what of a store is copied.
type Database interface {
	Dump(ctx context.Context, each func(sqlstore.Rows) error) error
	Fill(ctx context.Context, next func() (sqlstore.Rows, error)) error
}

// Passphrase is what a backup is encrypted under.
type Passphrase struct {
	Text   string
	Chosen bool // by people: the master key is in the backup, too, as they cannot tell it from the text
}

// Manifest says what a backup is.
type Manifest struct {
	Format  int       `json:"format"`
	Version string    `json:"version"` // of the program that made it
	Made    time.Time `json:"made"`

	// Installation is which one it is of.
	Installation string `json:"installation"`
}

// Copy is what is copied, or where to.
type Copy struct {
	Database Database
	Media    blob.Content
	// Installation is which one is copied.
	Installation string
	Key          []byte // the file of the master key; it goes along under a chosen passphrase
	Version      string
	// Progress is told of each part; nil is told nothing.
	Progress func(Count)
}

// Count is how much was copied.
type Count struct {
	Rows    int
	Media   int
	Missing []string // media that were removed meanwhile
	Bytes   int64
}

// Write makes a backup at path, which must not be there: a file that only its owner may
// read, whole or not at all. It may be made beside servers at work, and holds what was
// stored at one moment.
func Write(ctx context.Context, path string, c Copy, under Passphrase) (count Count, err error) {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return count, fmt.Errorf("%s is there already; choose another name", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // of mode 0600
	if err != nil {
		return count, fmt.Errorf("making the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if count, err = c.write(ctx, f, under); err != nil {
		return count, fmt.Errorf("making the backup: %w", err)
	}
	if err = f.Sync(); err != nil {
		return count, fmt.Errorf("making the backup: %w", err)
	}
	// Link fails when somebody made the name meanwhile; a rename would replace it.
	if err = os.Link(f.Name(), path); err != nil {
		return count, fmt.Errorf("making the backup: %w", err)
	}
	return count, errors.Join(f.Close(), os.Remove(f.Name()), syncDir(filepath.Dir(path)))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// write writes the archive.
func (c Copy) write(ctx context.Context, to io.Writer, under Passphrase) (count Count, err error) {
	recipient, err := age.NewScryptRecipient(under.Text)
	if err != nil {
		return count, err
	}
	recipient.SetWorkFactor(derivedWork)
	if under.Chosen {
		recipient.SetWorkFactor(chosenWork)
	}
	encrypted, err := age.Encrypt(to, recipient)
	if err != nil {
		return count, err
	}
	w := &writer{ctx: ctx, tar: tar.NewWriter(encrypted), media: c.Media, progress: c.Progress}
	manifest, err := json.Marshal(Manifest{format, c.Version, time.Now().UTC(), c.Installation})
	if err == nil {
		err = w.file(manifestName, manifest)
	}
	if err == nil && under.Chosen {
		err = w.file(keyName, c.Key)
	}
	if err == nil {
		err = c.Database.Dump(ctx, w.rows)
	}
	return w.count, errors.Join(err, w.tar.Close(), encrypted.Close())
}

// writer writes parts into an archive.
type writer struct {
	ctx      context.Context
	tar      *tar.Writer
	media    blob.Content
	progress func(Count)
	count    Count
}

func (w *writer) file(name string, content []byte) error {
	if err := w.tar.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(content))}); err != nil {
		return err
	}
	_, err := w.tar.Write(content)
	w.count.Bytes += int64(len(content))
	return err
}

// rows writes a part of a table, and behind assets their bytes.
func (w *writer) rows(part sqlstore.Rows) error {
	var b bytes.Buffer
	if err := encodeRows(&b, part); err != nil {
		return err
	}
	if err := w.file("tables/"+part.Table+".json", b.Bytes()); err != nil {
		return err
	}
	w.count.Rows += len(part.Values)
	if part.Table == "assets" {
		if err := w.assets(part); err != nil {
			return err
		}
	}
	if w.progress != nil {
		w.progress(w.count)
	}
	return nil
}

func (w *writer) assets(part sqlstore.Rows) error {
	column := indexOf(part.Columns, "id")
	for _, values := range part.Values {
		id, _ := values[column].(string)
		err := w.blob(id)
		if errors.Is(err, fs.ErrNotExist) {
			w.count.Missing = append(w.count.Missing, id)
			continue
		}
		if err != nil {
			return fmt.Errorf("copying media: %w", err)
		}
	}
	return nil
}

// blob writes the bytes of an asset as they are stored.
func (w *writer) blob(id string) (err error) {
	content, err := w.media.Open(w.ctx, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	if err := w.tar.WriteHeader(&tar.Header{Name: "media/" + id, Mode: 0o600, Size: size}); err != nil {
		return err
	}
	if _, err := io.Copy(w.tar, content); err != nil {
		return err
	}
	w.count.Media++
	w.count.Bytes += size
	return nil
}

func indexOf(columns []string, name string) int {
	for i, c := range columns {
		if c == name {
			return i
		}
	}
	panic("backup: a table has no column " + name)
}

// Open decrypts a backup and reads what it is.
func Open(from io.Reader, under Passphrase) (*Reader, error) {
	identity, err := age.NewScryptIdentity(under.Text)
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(chosenWork + 2)
	plain, err := age.Decrypt(from, identity)
	if err != nil {
		return nil, fmt.Errorf("%w: it is none, or was made under another master key or passphrase: %w", ErrFile, err)
	}
	r := &Reader{tar: tar.NewReader(plain)}
	h, err := r.tar.Next()
	if err != nil || h.Name != manifestName {
		return nil, fmt.Errorf("%w: it has no manifest", ErrFile)
	}
	if err := json.NewDecoder(io.LimitReader(r.tar, largestFile)).Decode(&r.Manifest); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if r.Format != format {
		return nil, fmt.Errorf("%w: it has the format %d, and this version of the program reads %d", ErrFile, r.Format, format)
	}
	return r, nil
}

// Reader is an open backup, which is read once.
type Reader struct {
	Manifest
	Key   []byte // the file of the master key, when that goes along; known when Restore has begun
	tar   *tar.Reader
	count Count
}

// Restore brings everything into an empty database, and media beside it: all of the
// database or nothing. Before anything else it calls found, which may look at Key.
func (r *Reader) Restore(ctx context.Context, c Copy, found func() error) (Count, error) {
	first, err := r.part(ctx, c)
	if err == nil {
		err = found()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return r.count, err
	}
	err = c.Database.Fill(ctx, func() (sqlstore.Rows, error) {
		if first != nil {
			part := *first
			first = nil
			return part, nil
		}
		part, err := r.part(ctx, c)
		if err != nil {
			return sqlstore.Rows{}, err
		}
		if c.Progress != nil {
			c.Progress(r.count)
		}
		return *part, nil
	})
	return r.count, err
}

// part reads up to the next part of a table, and ends with io.EOF.
func (r *Reader) part(ctx context.Context, c Copy) (*sqlstore.Rows, error) {
	for {
		h, err := r.tar.Next()
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrFile, err)
		}
		r.count.Bytes += h.Size
		kind, name, _ := strings.Cut(h.Name, "/")
		switch kind {
		case keyName:
			if r.Key, err = io.ReadAll(io.LimitReader(r.tar, largestFile)); err != nil {
				return nil, fmt.Errorf("%w: %w", ErrFile, err)
			}
		case "media":
			if err := r.blob(ctx, c.Media, name); err != nil {
				return nil, err
			}
			r.count.Media++
		case "tables":
			part, err := decodeRows(io.LimitReader(r.tar, largestPart))
			if err != nil {
				return nil, fmt.Errorf("%w: %s: %w", ErrFile, h.Name, err)
			}
			part.Table = strings.TrimSuffix(name, ".json")
			r.count.Rows += len(part.Values)
			return &part, nil
		default:
			return nil, fmt.Errorf("%w: nobody knows what %q is", ErrFile, h.Name)
		}
	}
}

// blob stores the bytes of an asset. Those that are there, from an earlier attempt or as
// the media outlived the database, are made anew.
func (r *Reader) blob(ctx context.Context, media blob.Content, id string) error {
	if err := media.Remove(ctx, id); err != nil {
		return fmt.Errorf("bringing media back: %w", err)
	}
	if err := media.Put(ctx, id, source{r.tar}); err != nil {
		return fmt.Errorf("bringing media back: %w", err)
	}
	return nil
}

// source says of what cannot be read that it is the backup that cannot.
type source struct{ io.Reader }

func (s source) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrFile, err)
	}
	return n, err
}
