package main_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// holds tells which files of a directory have a text in them.
func holds(t *testing.T, dir, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(content), []byte(strings.ToLower(text))) {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Every byte of the data directory and of the log is looked at, while the
// server runs and after it has ended.
func TestSecretsAndChildrenAreNotKept(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	r := serve(t, "SORATOO_DATA_DIR="+data, "SORATOO_LOG=debug,json")
	person := map[string]any{
		"name": "Zaphodchild", "email": "kid@zaphod.example", "password": "quite a long lamp", "birth_year": 2024, "accepted_policy": true,
	}
	if status, answer := r.call("POST", "/api/v1/accounts", "", person); status != http.StatusForbidden {
		t.Errorf("sign-up of a child = %d %v", status, answer)
	}
	person["name"], person["email"], person["birth_year"] = "Zaphodadult", "adult@zaphod.example", 1977
	status, answer := r.call("POST", "/api/v1/accounts", "", person)
	token, _ := answer["access_token"].(string)
	if status != http.StatusCreated || token == "" {
		t.Fatalf("sign-up = %d %v", status, answer)
	}
	status, answer = r.call("POST", "/api/v1/sessions", "", map[string]string{"email": "adult@zaphod.example", "password": "quite a wrong lamp"})
	if status != http.StatusUnauthorized {
		t.Errorf("sign-in = %d %v", status, answer)
	}
	r.addMedia(token, "Zaphodclip.wav")
	look := func(when string) {
		t.Helper()
		for _, secret := range []string{"Zaphodchild", "kid@zaphod", "quite a long lamp", "quite a wrong lamp", token} {
			if files := holds(t, data, secret); len(files) > 0 {
				t.Errorf("%s %q is in %v", when, secret, files)
			}
		}
		if len(holds(t, data, "adult@zaphod.example")) == 0 {
			t.Error("the scan does not find what is there")
		}
	}
	look("while it runs")
	if status, _ := r.end(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d", status)
	}
	look("afterwards")
	log := strings.ToLower(fmt.Sprint(r.cmd.Stderr))
	for _, private := range []string{"zaphod", "lamp", strings.ToLower(token)} {
		if strings.Contains(log, private) {
			t.Errorf("the log has %q:\n%s", private, log)
		}
	}
	if files := holds(t, data, "zaphodsound"); len(files) > 0 {
		t.Errorf("the sound is in clear in %v", files)
	}
	if media := holds(t, filepath.Join(data, "media"), "age-encryption.org/v1"); len(media) != 1 || strings.Contains(strings.ToLower(media[0]), "clip") {
		t.Errorf("the sound is in %v, want one file whose name tells nothing", media)
	}
	for _, file := range holds(t, data, "") {
		info, err := os.Stat(file)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v, want 0600", file, info.Mode(), err)
		}
	}
}

// addMedia makes a project with a sound in it.
func (r *running) addMedia(token, name string) {
	r.t.Helper()
	_, answer := r.call("GET", "/api/v1/workspaces", token, nil)
	items, _ := answer["items"].([]any)
	if len(items) != 1 {
		r.t.Fatalf("workspaces = %v", answer)
	}
	workspace, _ := items[0].(map[string]any)["id"].(string)
	_, answer = r.call("POST", "/api/v1/workspaces/"+workspace+"/projects", token, map[string]any{"name": "Zaphodfilm"})
	project, _ := answer["id"].(string)
	sound, err := exec.CommandContext(r.t.Context(), "ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=duration=1",
		"-metadata", "title=zaphodsound", "-f", "wav", "pipe:1").Output()
	if err != nil {
		r.t.Fatalf("making a sound: %v; run scripts/deps", err)
	}
	request, err := http.NewRequestWithContext(r.t.Context(), "POST", r.url+"/api/v1/projects/"+project+"/assets?name="+name, bytes.NewReader(sound))
	if err != nil {
		r.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	got, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusCreated {
		r.t.Fatalf("adding a sound = %d", got.StatusCode)
	}
}
