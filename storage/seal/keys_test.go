package seal_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/soratoo/soratoo/storage/seal"
)

// randomBytes are the same for the same seed.
func randomBytes(seed uint64, n int) []byte {
	b := make([]byte, n)
	var s [32]byte
	s[0], s[1] = byte(seed), byte(seed>>8)
	_, _ = rand.NewChaCha8(s).Read(b)
	return b
}

func TestWhatIsSealedOpensUnderItsScopeAndLabel(t *testing.T) {
	k := newKeys(t)
	const seed = 7
	sizes := rand.New(rand.NewPCG(seed, seed))
	for i := range 200 {
		want := randomBytes(uint64(i), sizes.IntN(1<<sizes.IntN(20)))
		scope, label := fmt.Sprint("project:", i%7), fmt.Sprint("entry ", i%3)
		value, err := k.Seal(t.Context(), scope, label, want)
		must(t, err)
		if len(value) != len(want)+41 || value[0] != 1 {
			t.Fatalf("seed %d: %d bytes became %d of version %d", seed, len(want), len(value), value[0])
		}
		if got, err := k.Open(t.Context(), scope, label, value); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %d bytes came back as %d, %v", seed, len(want), len(got), err)
		}
	}
}

func TestTheSameValueIsSealedAnewEachTime(t *testing.T) {
	k, seen := newKeys(t), map[string]bool{}
	for range 1000 {
		seen[string(sealed(t, k, "installation", "entry d", "same")[1:25])] = true
	}
	if len(seen) != 1000 {
		t.Errorf("1000 values have %d nonces", len(seen))
	}
}

func TestADerivedKeySealsSoManyValuesAndNotMore(t *testing.T) {
	k := newKeys(t)
	values := map[string][]byte{} // one for each prefix of nonces
	counts := map[string]int{}
	for range 2*seal.PerKey + 1 {
		value := sealed(t, k, "project:a", "entry d", "x")
		prefix := string(value[1:13])
		values[prefix] = value
		counts[prefix]++
	}
	if len(values) != 3 {
		t.Errorf("%d values have %d derived keys", 2*seal.PerKey+1, len(values))
	}
	for range 2 {
		for prefix, value := range values {
			wantOpen(t, k, "project:a", value, "x")
			if counts[prefix] > seal.PerKey {
				t.Errorf("%d values have one derived key", counts[prefix])
			}
		}
	}
}

func TestManyCallersSealAndOpenAtOnce(t *testing.T) {
	k := newKeys(t)
	var running sync.WaitGroup
	for i := range 8 {
		other := newKeys(t) // its derived keys are others
		running.Go(func() {
			for j := range 200 {
				want := fmt.Sprint(i, j)
				wantOpen(t, k, "project:a", sealed(t, k, "project:a", "entry d", want), want)
				_, err := k.Open(t.Context(), "project:a", "entry d", sealed(t, other, "project:a", "entry d", want))
				wantErr(t, "Open of another installation's value", err, seal.ErrSealed)
			}
		})
	}
	running.Wait()
}

func TestEveryFlippedBitAndEveryCutIsFound(t *testing.T) {
	k := newKeys(t)
	value := sealed(t, k, "project:a", "entry d", "Dawn breaks over the harbour")
	for bit := range 8 * len(value) {
		flipped := bytes.Clone(value)
		flipped[bit/8] ^= 1 << (bit % 8)
		if got, err := k.Open(t.Context(), "project:a", "entry d", flipped); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("with bit %d flipped Open = %q, %v", bit, got, err)
		}
	}
	for n := range value {
		if got, err := k.Open(t.Context(), "project:a", "entry d", value[:n]); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("cut to %d bytes Open = %q, %v", n, got, err)
		}
	}
	_, err := k.Open(t.Context(), "project:a", "entry d", append(bytes.Clone(value), 0))
	wantErr(t, "Open of a byte more", err, seal.ErrSealed)
}

func TestAValueDoesNotOpenElsewhere(t *testing.T) {
	k := newKeys(t)
	value := sealed(t, k, "project:a", "entry d", "secret")
	sealed(t, k, "project:b", "entry d", "other")
	for _, c := range []struct {
		scope, label string
		want         error
	}{
		{"project:a", "entry e", seal.ErrSealed},
		{"project:a", "", seal.ErrSealed},
		{"project:b", "entry d", seal.ErrSealed},
		{"project:c", "entry d", seal.ErrShredded},
		{"", "entry d", seal.ErrScope},
		{strings.Repeat("s", seal.MaxScope+1), "entry d", seal.ErrScope},
	} {
		_, err := k.Open(t.Context(), c.scope, c.label, value)
		wantErr(t, fmt.Sprintf("Open(%.20q, %q)", c.scope, c.label), err, c.want)
	}
	_, err := k.Seal(t.Context(), "", "entry d", nil)
	wantErr(t, "Seal for no scope", err, seal.ErrScope)
}

func TestAWrappedKeyDoesNotOpenForAnotherScope(t *testing.T) {
	store, path := newMemory(), newMaster(t)
	value := sealed(t, seal.New(load(t, path), store), "project:a", "entry d", "secret")
	store.keys["project:b"] = store.keys["project:a"]
	_, err := seal.New(load(t, path), store).Open(t.Context(), "project:b", "entry d", value)
	wantErr(t, "Open with a key that was moved", err, seal.ErrSealed)
	for bit := range 8 * len(store.keys["project:a"]) {
		wrapped := bytes.Clone(store.keys["project:a"])
		wrapped[bit/8] ^= 1 << (bit % 8)
		store.keys["project:c"] = wrapped
		_, err := seal.New(load(t, path), store).Seal(t.Context(), "project:c", "entry d", nil)
		if !errors.Is(err, seal.ErrSealed) && !errors.Is(err, seal.ErrMaster) {
			t.Errorf("with bit %d of the wrapped key flipped Seal: %v", bit, err)
		}
	}
}

func TestXAESIsThatOfTheSpecification(t *testing.T) {
	nonce, plain := []byte("ABCDEFGHIJKLMNOPQRSTUVWX"), []byte("XAES-256-GCM")
	for _, c := range []struct {
		key         byte
		label, want string
	}{
		{1, "", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"},
		{3, "c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"},
	} {
		got := hex.EncodeToString(seal.SealXAES(bytes.Repeat([]byte{c.key}, 32), nonce, plain, c.label))
		if got != c.want {
			t.Errorf("under the key of %ds it is %s, want %s", c.key, got, c.want)
		}
	}
}

func TestTwoProcessesThatMakeAKeyAtOnceAgree(t *testing.T) {
	for range 20 {
		store, path := newMemory(), newMaster(t)
		nodes := []*seal.Keys{seal.New(load(t, path), store), seal.New(load(t, path), store)}
		values := make([][]byte, 8)
		var sealing sync.WaitGroup
		for i := range values {
			sealing.Go(func() {
				var err error
				if values[i], err = nodes[i%2].Seal(t.Context(), "project:a", "entry d", []byte("same")); err != nil {
					t.Error(err)
				}
			})
		}
		sealing.Wait()
		for _, v := range values {
			wantOpen(t, nodes[0], "project:a", v, "same")
			wantOpen(t, nodes[1], "project:a", v, "same")
		}
	}
}

func TestWhatIsShreddedIsForgottenEverywhereWithinAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newMemory(), newMaster(t)
		here, there := seal.New(load(t, path), store), seal.New(load(t, path), store)
		value := sealed(t, here, "project:a", "entry d", "secret")
		// The answer that the other node gets is old when it arrives.
		store.after = func(string) error {
			time.Sleep(9 * time.Second)
			return nil
		}
		wantOpen(t, there, "project:a", value, "secret")
		store.after = nil
		must(t, here.Shred(t.Context(), "project:a"))
		_, err := here.Open(t.Context(), "project:a", "entry d", value)
		wantErr(t, "Open where it was shredded", err, seal.ErrShredded)
		time.Sleep(45 * time.Second)
		_, err = there.Open(t.Context(), "project:a", "entry d", value)
		wantErr(t, "Open a minute later elsewhere", err, seal.ErrShredded)
	})
}

func TestAKeyIsFetchedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newMemory(), newMaster(t)
		value := sealed(t, seal.New(load(t, path), store), "project:a", "entry d", "x")
		k, before := seal.New(load(t, path), store), store.count("Key")
		store.before = func(context.Context, string) error {
			time.Sleep(time.Second)
			return nil
		}
		var opening sync.WaitGroup
		for range 50 {
			opening.Go(func() { wantOpen(t, k, "project:a", value, "x") })
		}
		opening.Wait()
		time.Sleep(45 * time.Second)
		wantOpen(t, k, "project:a", value, "x")
		if got := store.count("Key") - before; got != 1 {
			t.Errorf("the key was fetched %d times", got)
		}
		time.Sleep(5 * time.Second)
		wantOpen(t, k, "project:a", value, "x")
		if got := store.count("Key") - before; got != 2 {
			t.Errorf("a minute later the key was fetched %d times", got)
		}
	})
}

func TestACallerThatGoesAwayDoesNotTakeTheOthersWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, path := newMemory(), newMaster(t)
		value := sealed(t, seal.New(load(t, path), store), "project:a", "entry d", "x")
		k := seal.New(load(t, path), store)
		store.before = func(ctx context.Context, _ string) error {
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
		defer cancel()
		var opening sync.WaitGroup
		opening.Go(func() {
			_, err := k.Open(ctx, "project:a", "entry d", value)
			wantErr(t, "Open of who goes away", err, context.DeadlineExceeded)
		})
		synctest.Wait()
		for range 20 {
			opening.Go(func() { wantOpen(t, k, "project:a", value, "x") })
		}
		opening.Wait()
	})
}

func TestAStoreThatDoesNotAnswerIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.before = func(ctx context.Context, _ string) error {
			<-ctx.Done()
			return ctx.Err()
		}
		k, began := seal.New(load(t, newMaster(t)), store), time.Now()
		_, err := k.Seal(t.Context(), "project:a", "entry d", nil)
		wantErr(t, "Seal", err, context.DeadlineExceeded)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestAMissingKeyIsNotMadeByOpeningButBySealing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		k := seal.New(load(t, newMaster(t)), store)
		store.before = func(context.Context, string) error {
			time.Sleep(time.Second)
			return nil
		}
		var running sync.WaitGroup
		running.Go(func() {
			_, err := k.Open(t.Context(), "project:a", "entry d", make([]byte, 50))
			wantErr(t, "Open", err, seal.ErrShredded)
			if store.count("AddKey") != 0 {
				t.Error("opening made a key")
			}
		})
		synctest.Wait() // sealing begins while the other looks for the key
		running.Go(func() {
			_, err := k.Seal(t.Context(), "project:a", "entry d", nil)
			wantErr(t, "Seal", err, nil)
		})
		running.Wait()
	})
}

func TestTheCacheKeepsTheKeysUsedLast(t *testing.T) {
	store := newMemory()
	k := seal.New(load(t, newMaster(t)), store)
	first := sealed(t, k, "project:first", "entry d", "x")
	second := sealed(t, k, "project:second", "entry d", "x")
	before := store.count("Key")
	for i := range seal.CacheSize - 1 {
		sealed(t, k, fmt.Sprint("project:", i), "entry d", "")
		wantOpen(t, k, "project:first", first, "x")
	}
	if got := store.count("Key") - before; got != seal.CacheSize-1 {
		t.Errorf("for %d new keys keys were fetched %d times", seal.CacheSize-1, got)
	}
	before = store.count("Key")
	wantOpen(t, k, "project:second", second, "x")
	if got := store.count("Key") - before; got != 1 {
		t.Errorf("the key that was used longest ago was fetched %d times", got)
	}
}
