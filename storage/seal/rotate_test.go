package seal_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/storage/seal"
)

// estate is a store with keys, and values under them.
type estate struct {
	path   string
	store  *memory
	values map[string][]byte // by scope
}

func newEstate(t *testing.T, scopes int) estate {
	t.Helper()
	e := estate{newMaster(t), newMemory(), map[string][]byte{}}
	k := e.process(t)
	for i := range scopes {
		scope := fmt.Sprint("project:", i)
		e.values[scope] = sealed(t, k, scope, "entry d", "of "+scope)
	}
	return e
}

// process is what a process that starts now has.
func (e estate) process(t *testing.T) *seal.Keys {
	t.Helper()
	return seal.New(load(t, e.path), e.store)
}

func (e estate) wantAllOpen(t *testing.T, k *seal.Keys) {
	t.Helper()
	for scope, value := range e.values {
		wantOpen(t, k, scope, value, "of "+scope)
	}
}

// wantRotated: the file has one key, and all data keys are wrapped by it.
func (e estate) wantRotated(t *testing.T) {
	t.Helper()
	content := read(t, e.path)
	if !masterFile.MatchString(content) {
		t.Errorf("after a rotation the file has %d lines", strings.Count(content, "\n"))
	}
	id := strings.Split(content, "\n")[1][:8]
	for scope, wrapped := range e.store.keys {
		if got := fmt.Sprintf("%x", wrapped[1:5]); got != id {
			t.Errorf("the key of %s is wrapped by %s, not by %s", scope, got, id)
		}
	}
	if got := names(t, filepath.Dir(e.path)); !slices.Equal(got, []string{"master.key", "master.key.lock"}) {
		t.Errorf("beside the file are %q", got)
	}
	info, err := os.Stat(e.path)
	must(t, err)
	if info.Mode() != 0o600 {
		t.Errorf("its mode is %v", info.Mode())
	}
}

func TestARotationLeavesAllOpenUnderANewMasterKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 250) // more than two pages
		running, former := e.process(t), read(t, e.path)
		var told []int
		must(t, seal.Rotate(t.Context(), e.path, e.store, func(done int) { told = append(told, done) }))
		e.wantRotated(t)
		e.wantAllOpen(t, running)
		e.wantAllOpen(t, e.process(t))
		if read(t, e.path) == former {
			t.Error("the master key is the former one")
		}
		if len(told) != 250 || told[0] != 1 || told[249] != 250 {
			t.Errorf("progress was told as %v", told)
		}
		must(t, os.WriteFile(e.path, []byte(former), 0o600))
		_, err := e.process(t).Open(t.Context(), "project:1", "entry d", e.values["project:1"])
		wantErr(t, "Open under the former master key", err, seal.ErrMaster)
	})
}

var errCrash = errors.New("crash")

// failure lets the nth step fail: alone, or with all after it, as after a crash.
type failure struct {
	n, steps int
	forEver  bool
}

func (f *failure) step() error {
	f.steps++
	if f.steps == f.n || f.forEver && f.steps > f.n {
		return errCrash
	}
	return nil
}

func TestARotationThatFailsAnywhereIsFinishedByTheNext(t *testing.T) {
	for _, c := range []struct {
		name           string
		forEver, after bool
	}{{"AnError", false, false}, {"AnErrorAfterTheStep", false, true}, {"ACrash", true, false}, {"ACrashAfterTheStep", true, true}} {
		t.Run(c.name, func(t *testing.T) {
			for n := 1; ; n++ {
				if n > 100 {
					t.Fatal("a rotation has no end")
				}
				steps := 0
				synctest.Test(t, func(t *testing.T) { steps = rotateWithFailure(t, failure{n: n, forEver: c.forEver}, c.after) })
				if steps < n {
					break
				}
			}
		})
	}
}

// rotateWithFailure returns how many steps there were.
func rotateWithFailure(t *testing.T, f failure, after bool) int {
	e := newEstate(t, 5)
	running := e.process(t)
	if after {
		e.store.after = func(string) error { return f.step() }
	} else {
		e.store.before = func(context.Context, string) error { return f.step() }
	}
	err := seal.RotateOn(t.Context(), func(string) error { return f.step() }, e.path, e.store)
	e.store.before, e.store.after = nil, nil
	switch {
	case f.steps >= f.n:
		wantErr(t, fmt.Sprintf("Rotate that fails at step %d", f.n), err, errCrash)
	case err != nil:
		t.Errorf("Rotate: %v", err)
	}
	e.wantAllOpen(t, running)
	e.wantAllOpen(t, e.process(t))
	// Keys that are made in between are rotated too.
	e.values["person:new"] = sealed(t, e.process(t), "person:new", "entry d", "of person:new")
	must(t, seal.Rotate(t.Context(), e.path, e.store, nil))
	e.wantRotated(t)
	e.wantAllOpen(t, running)
	e.wantAllOpen(t, e.process(t))
	return f.steps
}

func TestARotationHasEachStepOnDiskBeforeTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 1)
		var steps []string
		e.store.before = func(_ context.Context, call string) error {
			steps = append(steps, call)
			return nil
		}
		must(t, seal.RotateOn(t.Context(), func(step string) error {
			steps = append(steps, step)
			return nil
		}, e.path, e.store))
		got := strings.Join(steps, ", ")
		const write = "create, write, sync, own, rename, sync directory"
		if want := "lock, " + write + ", Keys, ReplaceKey, Keys, " + write; got != want {
			t.Errorf("the steps are\n%s, want\n%s", got, want)
		}
	})
}

func TestAnInterruptedRotationGoesOnWithTheSameKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		e.store.before = func(_ context.Context, call string) error {
			if call == "ReplaceKey" {
				return errCrash
			}
			return nil
		}
		for range 40 { // more than there may be keys in a file
			wantErr(t, "Rotate", seal.Rotate(t.Context(), e.path, e.store, nil), errCrash)
		}
		e.store.before = nil
		e.wantAllOpen(t, e.process(t))
		must(t, seal.Rotate(t.Context(), e.path, e.store, nil))
		e.wantRotated(t)
	})
}

func TestAKeyThatIsMadeDuringARotationIsNotLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		running := e.process(t)
		// The server read the file just before the rotation began, and its
		// store is as slow as it may be.
		e.store.before = func(_ context.Context, call string) error {
			if call == "AddKey" {
				time.Sleep(9 * time.Second)
			}
			return nil
		}
		done := make(chan error, 1)
		go func() { done <- seal.Rotate(t.Context(), e.path, e.store, nil) }()
		synctest.Wait()
		e.values["project:slow"] = sealed(t, running, "project:slow", "entry d", "of project:slow")
		must(t, <-done)
		e.wantRotated(t)
		e.wantAllOpen(t, e.process(t))
		time.Sleep(time.Minute)
		e.values["project:later"] = sealed(t, running, "project:later", "entry d", "of project:later")
		e.wantRotated(t)
		e.wantAllOpen(t, running)
	})
}

func TestAKeyThatWasFetchedBeforeItWasWrappedAnewIsFetchedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 1)
		running := e.process(t)
		must(t, seal.Rotate(t.Context(), e.path, e.store, nil))
		done := make(chan error, 1)
		waited := false
		e.store.after = func(call string) error {
			if call != "Key" || waited {
				return nil
			}
			waited = true
			return <-done
		}
		go func() { done <- seal.Rotate(t.Context(), e.path, e.store, nil) }()
		time.Sleep(seal.Pause - time.Second)
		// What it gets is wrapped by a master key that it has never read, and
		// that is gone when it looks for it.
		e.wantAllOpen(t, running)
		if got := e.store.count("Key"); got != 3 { // one when it was made
			t.Errorf("the key was fetched %d times", got)
		}
	})
}

func TestOneRotationRunsAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		done := make(chan error, 1)
		go func() { done <- seal.Rotate(t.Context(), e.path, e.store, nil) }()
		synctest.Wait()
		wantErr(t, "a second Rotate", seal.Rotate(t.Context(), e.path, e.store, nil), seal.ErrBusy)
		must(t, <-done)
		e.wantRotated(t)
	})
}

func TestARotationEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		wantErr(t, "Rotate", seal.Rotate(ctx, e.path, e.store, nil), context.DeadlineExceeded)
		e.wantAllOpen(t, e.process(t))
	})
}

func TestARotationDoesNotForgetAMasterKeyThatIsStillNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		e.store.keys["project:1"][40] ^= 1
		wantErr(t, "Rotate of a damaged key", seal.Rotate(t.Context(), e.path, e.store, nil), seal.ErrSealed)
		delete(e.values, "project:1")
		e.wantAllOpen(t, e.process(t))
		must(t, e.process(t).Shred(t.Context(), "project:1"))
		must(t, seal.Rotate(t.Context(), e.path, e.store, nil))
		e.wantRotated(t)
	})
}

func TestAKeyThatChangesOrGoesDuringARotationIsTakenAsItIsThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEstate(t, 3)
		other := newMemory()
		value := sealed(t, seal.New(load(t, e.path), other), "project:0", "entry d", "of project:0")
		replaced := 0
		e.store.before = func(_ context.Context, call string) error {
			if call == "ReplaceKey" {
				replaced++
			}
			switch {
			case call != "ReplaceKey":
			case replaced == 1: // it is another key now
				e.store.keys["project:0"], e.values["project:0"] = other.keys["project:0"], value
			case replaced == 3: // project:1, after the second try of project:0
				delete(e.store.keys, "project:1")
				delete(e.values, "project:1")
			}
			return nil
		}
		must(t, seal.Rotate(t.Context(), e.path, e.store, nil))
		e.wantRotated(t)
		e.wantAllOpen(t, e.process(t))
		if len(e.values) != 2 {
			t.Error("no key was removed")
		}
	})
}
