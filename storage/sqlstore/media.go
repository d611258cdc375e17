package sqlstore

import (
	"context"
	"fmt"
	"time"

	"github.com/soratoo/soratoo/auth"
	"github.com/soratoo/soratoo/media"
)

const assetColumns = `id, project, name, kind, type, size, hash, person, created,
	duration, width, height, rate_num, rate_den, channels, sample_rate, made`

// AddAsset stores an asset if its project has room for it; see media.Store.
func (s *Store) AddAsset(ctx context.Context, a media.Asset, limit int64) error {
	f := a.Facts
	return s.tx(ctx, func(tx transaction) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO assets (`+assetColumns+`)
		SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17
		WHERE (SELECT coalesce(sum(size), 0) FROM assets WHERE project = $2) <= $18
			AND EXISTS (SELECT 1 FROM projects WHERE id = $2)`,
			a.ID, a.Project, a.Name, a.Kind, a.Type, a.Size, a.Hash, a.Person, a.Created.UnixMilli(),
			f.Duration.Milliseconds(), f.Width, f.Height, f.Rate[0], f.Rate[1], f.Channels, f.SampleRate, a.Made, limit-a.Size)
		if err := one(result, err, media.ErrFull); err != nil {
			return fmt.Errorf("storing an asset: %w", err)
		}
		return nil
	})
}

func readAsset(scan scanner) (a media.Asset, err error) {
	var created, duration int64
	f := &a.Facts
	err = scan(&a.ID, &a.Project, &a.Name, &a.Kind, &a.Type, &a.Size, &a.Hash, &a.Person, &created,
		&duration, &f.Width, &f.Height, &f.Rate[0], &f.Rate[1], &f.Channels, &f.SampleRate, &a.Made)
	a.Created, f.Duration = millis(created), time.Duration(duration)*time.Millisecond
	return a, err
}

// Asset returns an asset.
func (s *Store) Asset(ctx context.Context, id string) (media.Asset, error) {
	a, err := readAsset(s.read.QueryRowContext(ctx, `SELECT `+assetColumns+` FROM assets WHERE id = $1`, id).Scan)
	return a, found(err, "reading an asset")
}

// Assets lists the assets of a project, or those that one kind of render made.
func (s *Store) Assets(ctx context.Context, project, made string, p auth.Page) ([]media.Asset, error) {
	created, id := p.Position()
	rows, err := s.read.QueryContext(ctx, `SELECT `+assetColumns+` FROM assets
		WHERE project = $1 AND ($2 = '' OR made = $3) AND (created, id) > ($4, $5) ORDER BY created, id LIMIT $6`, project, made, made, created, id, p.Limit)
	return collect(rows, err, "listing assets", readAsset)
}

// SetFacts stores facts of an asset that has none.
func (s *Store) SetFacts(ctx context.Context, id string, f media.Facts) error {
	return s.exec(ctx, "describing an asset", `UPDATE assets SET duration = $1, width = $2, height = $3, rate_num = $4, rate_den = $5,
		channels = $6, sample_rate = $7 WHERE id = $8 AND duration = 0 AND width = 0`,
		f.Duration.Milliseconds(), f.Width, f.Height, f.Rate[0], f.Rate[1], f.Channels, f.SampleRate, id)
}

// DeleteAsset removes an asset.
func (s *Store) DeleteAsset(ctx context.Context, id string) error {
	return s.exec(ctx, "removing an asset", `DELETE FROM assets WHERE id = $1`, id)
}
