package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/media"
)

// Finished films are listed for the team and for guests whose link lets them
// download; other guests neither see nor get them.
func TestFilmsAreForGuestsWhoMayDownload(t *testing.T) {
	s, ada, _, project := studio(t)
	s.upload(ada, project, "waves.wav", wav(100))
	film, err := s.server.Media.Keep(t.Context(), s.do("GET", "/api/v1/me", ada, nil).text("id"), media.Upload{
		Project: project, Name: "Harbour, PACKAGE.zip", Length: -1, Content: strings.NewReader("PK\x03\x04 a package"), Made: media.Delivery,
	})
	if err != nil {
		t.Fatal(err)
	}
	team := s.do("GET", "/api/v1/projects/"+project+"/deliveries", ada, nil)
	if !strings.Contains(team.raw, film.Hash) || !strings.Contains(team.raw, "application/zip") || strings.Contains(team.raw, "waves") {
		t.Errorf("the team's films: %d %s", team.status, team.raw)
	}
	for _, c := range []struct {
		can  []string
		want int
	}{{[]string{"download"}, http.StatusOK}, {[]string{"comment"}, http.StatusForbidden}, {nil, http.StatusForbidden}} {
		share, token := s.share(ada, project, map[string]any{"capabilities": c.can})
		guest := withCookie(s.knock(map[string]any{"token": token, "display_name": "Cleo"}))
		at := "/api/v1/shares/" + share
		if a := s.do("GET", at+"/deliveries", "", nil, guest); a.status != c.want || strings.Contains(a.raw, film.ID) != (c.want == http.StatusOK) {
			t.Errorf("films for %v: %d %s", c.can, a.status, a.raw)
		}
		if a := s.do("GET", at+"/assets", "", nil, guest); !strings.Contains(a.raw, "waves") || strings.Contains(a.raw, film.ID) != (c.want == http.StatusOK) {
			t.Errorf("media for %v: %d %s", c.can, a.status, a.raw)
		}
		for _, how := range []string{"", "?download=true"} {
			if a := s.do("GET", at+"/assets/"+film.ID+"/content"+how, "", nil, guest); a.status != c.want {
				t.Errorf("the film%s for %v: %d %s", how, c.can, a.status, a.raw)
			}
		}
	}
}
