package media

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"
	"unicode/utf8"

	"github.com/soratoo/soratoo/auth"
)

const (
	fileBytes     = 2 << 30          // of one file
	projectBytes  = 20 << 30         // of all files of a project
	nameRunes     = 200              // longer names are cut
	uploads       = 16               // on their way at once,
	personUploads = 4                // of them one person's
	slowTime      = 30 * time.Second // a file may be slower than
	leastSpeed    = 16 << 10         // bytes a second
	longestTime   = 4 * time.Hour    // a file may take
	cleanUp       = 10 * time.Second // for taking back what was stored when the caller has gone
)

// Config is what a Service works with. Zero limits are the usual ones.
type Config struct {
	Store        Store
	Blobs        Blobs
	Rights       Rights
	Prober       Prober // nil: browsers tell what they find
	Now          func() time.Time
	FileBytes    int64
	ProjectBytes int64
}

// Service takes, lists, opens and removes assets for who may.
type Service struct {
	Config
	slots slots
}

// New makes a service.
func New(c Config) *Service {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.FileBytes == 0 {
		c.FileBytes = fileBytes
	}
	if c.ProjectBytes == 0 {
		c.ProjectBytes = projectBytes
	}
	return &Service{Config: c}
}

// Upload is a file on its way.
type Upload struct {
	Project string
	Name    string
	Length  int64 // as announced; -1 when it was not
	Content io.Reader
	Made    string // see Asset
}

// Add takes a file into a project of somebody who may edit it. It is kept
// wholly or not at all.
func (s *Service) Add(ctx context.Context, p auth.Principal, u Upload) (Asset, error) {
	if err := s.mayEdit(ctx, p, u.Project); err != nil {
		return Asset{}, err
	}
	if u.Length > s.FileBytes {
		return Asset{}, ErrTooLarge
	}
	if !s.slots.take(p.Person) {
		return Asset{}, ErrBusy
	}
	defer s.slots.give(p.Person)
	return s.store(ctx, p.Person, u)
}

// Keep takes a file that the program itself has made for a project, in the name of
// who asked for it. Whether they may is the caller's to know.
func (s *Service) Keep(ctx context.Context, person string, u Upload) (Asset, error) {
	return s.store(ctx, person, u)
}

// TakeBack removes what Keep took.
func (s *Service) TakeBack(ctx context.Context, id string) error {
	if err := s.Store.DeleteAsset(ctx, id); err != nil {
		return err
	}
	return s.Blobs.Remove(ctx, id)
}

// store takes a file wholly or not at all.
func (s *Service) store(ctx context.Context, person string, u Upload) (Asset, error) {
	incoming := &counter{r: u.Content, limit: s.FileBytes, now: s.Now, begun: s.Now()}
	content := bufio.NewReaderSize(incoming, SniffBytes)
	head, err := content.Peek(SniffBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return Asset{}, err
	}
	sniff := Sniff
	if u.Made != "" {
		sniff = sniffMade
	}
	form, err := sniff(head)
	if err != nil {
		return Asset{}, err
	}
	a := Asset{
		ID: auth.NewID(), Project: u.Project, Name: fileName(u.Name), Kind: form.Kind, Type: form.Type,
		Person: person, Made: u.Made, Created: s.Now().UTC().Truncate(time.Millisecond),
	}
	sum := sha256.New()
	if err := s.Blobs.Put(ctx, a, io.TeeReader(content, sum)); err != nil {
		return Asset{}, err
	}
	a.Size, a.Hash = incoming.n, hex.EncodeToString(sum.Sum(nil))
	if err = s.checkStored(ctx, a, form); err == nil {
		err = s.look(ctx, &a, form)
	}
	if err == nil {
		err = s.Store.AddAsset(ctx, a, s.ProjectBytes)
	}
	if err != nil {
		return Asset{}, errors.Join(err, s.takeBack(ctx, a.ID))
	}
	return a, nil
}

// takeBack removes the bytes of what did not become an asset.
func (s *Service) takeBack(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUp)
	defer cancel()
	return s.Blobs.Remove(ctx, id)
}

// checkStored looks at the header of an image that was stored.
func (s *Service) checkStored(ctx context.Context, a Asset, f Form) error {
	if f.Kind != Image {
		return nil
	}
	content, err := s.Blobs.Open(ctx, a)
	if err != nil {
		return fmt.Errorf("opening what was stored: %w", err)
	}
	return errors.Join(checkPicture(content), content.Close())
}

// look fills in what a prober sees. One that cannot tell leaves it to browsers.
func (s *Service) look(ctx context.Context, a *Asset, f Form) error {
	if s.Prober == nil || f.Kind == File {
		return nil
	}
	content, err := s.Blobs.Open(ctx, *a)
	if err != nil {
		return fmt.Errorf("opening what was stored: %w", err)
	}
	kind, facts, err := s.Prober.Probe(ctx, f, content)
	if err := content.Close(); err != nil {
		return fmt.Errorf("closing what was stored: %w", err)
	}
	switch {
	case errors.Is(err, ErrBroken) || errors.Is(err, ErrType):
		return err
	case err != nil || facts.Check(kind) != nil:
		return nil
	}
	a.Facts = facts
	if kind == Audio && a.Type == "video/mp4" {
		a.Kind, a.Type = Audio, "audio/mp4"
	} else if kind == Audio && a.Type == "video/webm" {
		a.Kind, a.Type = Audio, "audio/webm"
	}
	return nil
}

// Assets lists the assets of a project.
func (s *Service) Assets(ctx context.Context, p auth.Principal, project string, page auth.Page) ([]Asset, error) {
	if _, err := s.Rights.Project(ctx, p, project); err != nil {
		return nil, err
	}
	return s.Store.Assets(ctx, project, "", page)
}

// Deliveries lists the assets of a project that left the house as films.
func (s *Service) Deliveries(ctx context.Context, p auth.Principal, project string, page auth.Page) ([]Asset, error) {
	if _, err := s.Rights.Project(ctx, p, project); err != nil {
		return nil, err
	}
	return s.Store.Assets(ctx, project, Delivery, page)
}

// Asset returns an asset. For who may not see its project it is not there.
func (s *Service) Asset(ctx context.Context, p auth.Principal, id string) (Asset, error) {
	if !auth.ValidID(id) {
		return Asset{}, auth.ErrNotFound
	}
	a, err := s.Store.Asset(ctx, id)
	if err != nil {
		return Asset{}, err
	}
	if _, err := s.Rights.Project(ctx, p, a.Project); err != nil {
		return Asset{}, err
	}
	return a, nil
}

// Open opens the bytes of an asset, all of them: it ends with ErrLost when they are
// not there, or not whole.
func (s *Service) Open(ctx context.Context, p auth.Principal, id string) (Asset, io.ReadSeekCloser, error) {
	a, err := s.Asset(ctx, p, id)
	if err != nil {
		return Asset{}, nil, err
	}
	content, err := s.Blobs.Open(ctx, a)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrLost) {
		return Asset{}, nil, ErrLost
	}
	if err != nil {
		return Asset{}, nil, fmt.Errorf("opening an asset: %w", err)
	}
	size, err := content.Seek(0, io.SeekEnd)
	if err == nil && size != a.Size {
		err = ErrLost
	}
	if err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return Asset{}, nil, errors.Join(err, content.Close())
	}
	return a, content, nil
}

// SetFacts takes from an editor's browser what it found in a file that nobody
// has looked into.
func (s *Service) SetFacts(ctx context.Context, p auth.Principal, id string, f Facts) (Asset, error) {
	a, err := s.Asset(ctx, p, id)
	if err != nil {
		return Asset{}, err
	}
	if err := s.mayEdit(ctx, p, a.Project); err != nil {
		return Asset{}, err
	}
	if a.Facts.Known() {
		return Asset{}, fmt.Errorf("%w: it was looked into", ErrFacts)
	}
	if a.Kind == File {
		return Asset{}, fmt.Errorf("%w: it is no media", ErrFacts)
	}
	if err := f.Check(a.Kind); err != nil {
		return Asset{}, err
	}
	a.Facts = f
	return a, s.Store.SetFacts(ctx, id, f)
}

// Remove removes an asset for somebody who may edit its project. If the bytes
// outlive it after a crash, nothing names them any more.
func (s *Service) Remove(ctx context.Context, p auth.Principal, id string) error {
	a, err := s.Asset(ctx, p, id)
	if err != nil {
		return err
	}
	if err := s.mayEdit(ctx, p, a.Project); err != nil {
		return err
	}
	if err := s.Store.DeleteAsset(ctx, id); err != nil {
		return err
	}
	return s.Blobs.Remove(ctx, id)
}

// Drop removes all assets of a project that is about to go, or has gone, for a
// caller who knows that it may.
func (s *Service) Drop(ctx context.Context, project string) error {
	const atOnce = 100
	for {
		found, err := s.Store.Assets(ctx, project, "", auth.Page{Limit: atOnce})
		if err != nil || len(found) == 0 {
			return err
		}
		for _, a := range found {
			if err := s.Store.DeleteAsset(ctx, a.ID); err != nil && !errors.Is(err, auth.ErrNotFound) {
				return err
			}
			if err := s.Blobs.Remove(ctx, a.ID); err != nil {
				return err
			}
		}
	}
}

func (s *Service) mayEdit(ctx context.Context, p auth.Principal, project string) error {
	found, err := s.Rights.Project(ctx, p, project)
	if err == nil && !found.Role.Can(auth.ActionEdit) {
		err = auth.ErrForbidden
	}
	return err
}

// fileName is what an uploader calls a file, as people are shown it.
func fileName(name string) string {
	name, err := auth.NormalName(name)
	if err != nil {
		return "Untitled"
	}
	if utf8.RuneCountInString(name) > nameRunes {
		name = string([]rune(name)[:nameRunes])
	}
	return name
}

// counter counts what comes in, and ends with ErrTooLarge behind its limit, with
// ErrSlow when it comes slower than it may, and with ErrCutOff when no more comes
// although there is more.
type counter struct {
	r        io.Reader
	n, limit int64
	now      func() time.Time
	begun    time.Time
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.n += int64(n); c.n > c.limit {
		return 0, ErrTooLarge
	}
	took := c.now().Sub(c.begun)
	if took > longestTime || took > slowTime+time.Duration(c.n)*time.Second/leastSpeed {
		return 0, ErrSlow
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w (%w)", ErrCutOff, err)
	}
	return n, err
}
