package history

import (
	"context"
	"time"

	"github.com/soratoo/soratoo/auth"
)

const (
	namedVersions     = 500 // of a project
	automaticVersions = 200 // of a project, restores and imports among them
	day               = 24 * time.Hour
	week              = 7 * day
)

// Thin lists the versions, given the newest first, that need not be kept: of those
// that nobody named, all of the last day stay, then the last of each hour for a
// week, then the last of each day, and no more than 200 in all.
func Thin(versions []Version, now time.Time) (ids []string) {
	var last time.Time
	kept := 0
	for _, v := range versions {
		if v.Kind == Named || v.Name != "" {
			continue
		}
		every := time.Duration(0)
		switch age := now.Sub(v.Created); {
		case age > week:
			every = day
		case age > day:
			every = time.Hour
		}
		near := every > 0 && !last.IsZero() && v.Created.Truncate(every).Equal(last.Truncate(every))
		if near || kept == automaticVersions {
			ids = append(ids, v.ID)
			continue
		}
		last = v.Created
		kept++
	}
	return ids
}

// thin removes what need not be kept.
func (s *Service) thin(ctx context.Context, project string) error {
	all, err := s.all(ctx, project)
	if err != nil {
		return err
	}
	ids := Thin(all, s.Now())
	if len(ids) == 0 {
		return nil
	}
	return s.Store.DeleteVersions(ctx, project, ids...)
}

// room tells whether a project may have another named version.
func (s *Service) room(ctx context.Context, project string) error {
	all, err := s.all(ctx, project)
	if err != nil {
		return err
	}
	named := 0
	for _, v := range all {
		if v.Kind == Named {
			named++
		}
	}
	if named >= namedVersions {
		return ErrFull
	}
	return nil
}

// all lists a project's versions, the newest first.
func (s *Service) all(ctx context.Context, project string) (all []Version, err error) {
	page := auth.Page{Limit: listPage}
	for {
		found, err := s.Store.Versions(ctx, project, page)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
		if len(found) < page.Limit {
			return all, nil
		}
		last := found[len(found)-1]
		page.After = auth.Cursor(last.Created, last.ID)
	}
}
