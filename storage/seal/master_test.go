package seal_test

import (
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/storage/seal"
)

var masterFile = regexp.MustCompile(`\A# The master key of SoraToo\. .*without this file everything is lost.*\n[0-9a-f]{8} [A-Za-z0-9+/]{43}=\n\z`)

func read(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	return string(b)
}

// names lists a directory.
func names(t *testing.T, dir string) (found []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		found = append(found, e.Name())
	}
	return found
}

func TestAMasterKeyIsAFileThatSaysWhatItIs(t *testing.T) {
	path := newMaster(t)
	if got := read(t, path); !masterFile.MatchString(got) {
		t.Errorf("the file has %d bytes and another format", len(got))
	}
	info, err := os.Stat(path)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("beside it are %q", got)
	}
	other := newMaster(t)
	if read(t, path) == read(t, other) {
		t.Error("two master keys are the same")
	}
}

func TestAMasterKeyIsNotMadeOverAnother(t *testing.T) {
	path := newMaster(t)
	before := read(t, path)
	_, err := seal.CreateMaster(path)
	wantErr(t, "CreateMaster where there is one", err, fs.ErrExist)
	if read(t, path) != before || len(names(t, filepath.Dir(path))) != 1 {
		t.Error("it left something")
	}
	_, err = seal.LoadMaster(path + ".none")
	wantErr(t, "LoadMaster where there is none", err, fs.ErrNotExist)
	_, err = seal.CreateMaster(filepath.Join(path, "below"))
	if err == nil {
		t.Error("CreateMaster below a file succeeds")
	}
}

func TestProcessesThatStartAtOnceAgreeOnTheMasterKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	passphrases := make([]string, 8)
	var starting sync.WaitGroup
	for i := range passphrases {
		starting.Go(func() {
			m, err := seal.CreateMaster(path)
			if errors.Is(err, fs.ErrExist) {
				m, err = seal.LoadMaster(path)
			}
			if err != nil {
				t.Error(err)
				return
			}
			passphrases[i] = m.BackupPassphrase()
		})
	}
	starting.Wait()
	for _, p := range passphrases {
		if p != passphrases[0] {
			t.Error("two processes have different keys")
		}
	}
	if got := names(t, filepath.Dir(path)); len(got) != 1 {
		t.Errorf("beside the file are %q", got)
	}
}

func TestAMasterKeyThatOthersMayReadIsRefused(t *testing.T) {
	path := newMaster(t)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o601, 0o660, 0o644, 0o777} {
		must(t, os.Chmod(path, mode))
		if _, err := seal.LoadMaster(path); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("with mode %v: %v, want what to do", mode, err)
		}
	}
	for _, mode := range []fs.FileMode{0o600, 0o400} {
		must(t, os.Chmod(path, mode))
		if _, err := seal.LoadMaster(path); err != nil {
			t.Errorf("with mode %v: %v", mode, err)
		}
	}
	if _, err := seal.LoadMaster(filepath.Dir(path)); err == nil {
		t.Error("a directory is taken")
	}
}

func TestAMalformedMasterKeyIsRefusedAndNotToldInTheError(t *testing.T) {
	path := newMaster(t)
	whole := read(t, path)
	comment, line, _ := strings.Cut(whole, "\n")
	comment += "\n"
	secret := line[9:20]
	swapped := "0"
	if line[0] == '0' {
		swapped = "1"
	}
	for name, content := range map[string]string{
		"empty":            "",
		"no comment":       line,
		"no key":           comment,
		"cut":              whole[:len(whole)-1],
		"half":             whole[:len(whole)-20],
		"twice":            whole + line,
		"another id":       comment + swapped + line[1:],
		"an id in capital": comment + strings.ToUpper(line[:8]) + "A" + line[8:],
		"no id":            comment + line[9:],
		"an empty line":    whole + "\n",
		"spaces":           comment + " " + line,
		"two spaces":       comment + line[:8] + " " + line[8:],
		"a short key":      comment + line[:9] + base64.StdEncoding.EncodeToString(make([]byte, 31)) + "\n",
		"returns":          strings.ReplaceAll(whole, "\n", "\r\n"),
		"too large":        whole + strings.Repeat("#\n", 40_000),
		"zeros":            strings.Repeat("\x00", len(whole)),
	} {
		must(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := seal.LoadMaster(path)
		if err == nil {
			t.Errorf("%s: it is taken", name)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells the key", name)
		}
	}
	must(t, os.WriteFile(path, []byte(comment+"# A note.\n"+line+"# Another.\n"), 0o600))
	if _, err := seal.LoadMaster(path); err != nil {
		t.Errorf("with more comments: %v", err)
	}
}

func TestTheFileIsReadAnewAtMostOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newMaster(t)
		m := load(t, path)
		before := m.BackupPassphrase()
		must(t, os.WriteFile(path, []byte(read(t, newMaster(t))), 0o600))
		time.Sleep(time.Second - 1)
		must(t, m.Reload())
		if m.BackupPassphrase() != before {
			t.Error("it was read within a second")
		}
		time.Sleep(time.Nanosecond)
		must(t, m.Reload())
		if m.BackupPassphrase() == before {
			t.Error("it was not read after a second")
		}
		after := m.BackupPassphrase()
		must(t, os.Remove(path))
		time.Sleep(time.Second)
		wantErr(t, "Reload of no file", m.Reload(), fs.ErrNotExist)
		if m.BackupPassphrase() != after {
			t.Error("without the file the key is gone")
		}
	})
}

func TestNoKeyIsMadeUnderAMasterKeyWhoseFileIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := newMaster(t)
		k := seal.New(load(t, path), newMemory())
		value := sealed(t, k, "project:a", "entry d", "x")
		must(t, os.Remove(path))
		time.Sleep(time.Hour)
		wantOpen(t, k, "project:a", value, "x")
		_, err := k.Seal(t.Context(), "project:b", "entry d", nil)
		wantErr(t, "Seal for a new scope", err, fs.ErrNotExist)
	})
}

func TestADataKeyOfAnotherMasterKeyIsNamed(t *testing.T) {
	store := newMemory()
	value := sealed(t, seal.New(load(t, newMaster(t)), store), "project:a", "entry d", "x")
	_, err := seal.New(load(t, newMaster(t)), store).Open(t.Context(), "project:a", "entry d", value)
	wantErr(t, "Open under another master key", err, seal.ErrMaster)
}

func TestThePassphraseOfBackupsFollowsFromTheMasterKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "master.key")
	// The key is 32 bytes of 0, whose SHA-256 begins with 66687aad.
	must(t, os.WriteFile(path, []byte("# A key.\n66687aad "+base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n"), 0o600))
	got := load(t, path).BackupPassphrase()
	if want := backupVector; got != want {
		t.Errorf("BackupPassphrase = %q, want %q", got, want)
	}
}

// backupVector was computed apart from this program, by RFC 5869.
const backupVector = "ARJpdCWtbr4sbNFtHqsxJcqSH8QW/8S2EeHy2Cdcv+A="
