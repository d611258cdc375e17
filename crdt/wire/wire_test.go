package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/soratoo/soratoo/crdt/lib0"
	"github.com/soratoo/soratoo/crdt/wire"
)

// vector is a frame as a real library sent it, with what lib0 reads in it.
type vector struct {
	Protocol, From, Frame, Address, Kind string
	Payload, Version                     *string
	Applied, Reply                       bool
}

func vectors(t testing.TB) []vector {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []vector
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func (v vector) frame(t testing.TB) []byte { return unhex(t, v.Frame) }

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// decode reads frame by its protocol's name.
func decode(protocol string, frame []byte) (wire.Address, wire.Message, error) {
	if protocol == "yjs" {
		m, err := wire.DecodeYjs(frame)
		return nil, m, err
	}
	return wire.DecodeHocuspocus(frame)
}

func encode(protocol string, address wire.Address, m wire.Message) []byte {
	if protocol == "yjs" {
		return wire.AppendYjs(nil, m)
	}
	return wire.AppendHocuspocus(nil, address, m)
}

func TestFramesOfTheRealLibrariesMeanWhatTheySay(t *testing.T) {
	kinds := map[wire.Kind]bool{}
	for _, v := range vectors(t) {
		address, m, err := decode(v.Protocol, v.frame(t))
		if err != nil {
			t.Errorf("%s %s: %v", v.Protocol, v.Frame, err)
			continue
		}
		kinds[m.Kind] = true
		if string(address) != v.Address || m.Kind.String() != v.Kind || m.Applied != v.Applied || m.Reply != v.Reply {
			t.Errorf("%s %s = %q %+v, want %+v", v.Protocol, v.Frame, address, m, v)
		}
		if (v.Payload != nil) != (m.Payload != nil) || v.Payload != nil && hex.EncodeToString(m.Payload) != *v.Payload {
			t.Errorf("%s %s: payload %x, want %v", v.Protocol, v.Frame, m.Payload, v.Payload)
		}
		if (v.Version != nil) != (m.Version != nil) || v.Version != nil && string(m.Version) != *v.Version {
			t.Errorf("%s %s: version %q, want %v", v.Protocol, v.Frame, m.Version, v.Version)
		}
		if got := encode(v.Protocol, address, m); !bytes.Equal(got, v.frame(t)) {
			t.Errorf("%s %s is written as %x", v.Protocol, v.Frame, got)
		}
	}
	for k := wire.SyncStep1; k <= wire.Pong; k++ {
		if !kinds[k] {
			t.Errorf("no vector has a %v", k)
		}
	}
}

func TestSyncAndAwarenessAreTheSameBehindTheAddress(t *testing.T) {
	address := wire.MakeAddress("p/timeline", "")
	for _, m := range []wire.Message{
		{Kind: wire.SyncStep1, Payload: []byte{0}},
		{Kind: wire.SyncStep2, Payload: []byte{0, 0}},
		{Kind: wire.Update, Payload: []byte{0, 0}},
		{Kind: wire.Awareness, Payload: []byte{0}},
		{Kind: wire.QueryAwareness},
	} {
		want := wire.AppendYjs(lib0.AppendBytes(nil, address), m)
		if got := wire.AppendHocuspocus(nil, address, m); !bytes.Equal(got, want) {
			t.Errorf("%v = %x, want %x", m.Kind, got, want)
		}
	}
}

func TestAnAddressIsANameAndPerhapsASession(t *testing.T) {
	for _, c := range []struct{ doc, session, want string }{
		{"p/timeline", "", "p/timeline"},
		{"p/timeline", "k3j", "p/timeline\x00k3j"},
		{"", "s", "\x00s"},
		{"p", "a\x00b", "p\x00a\x00b"},
	} {
		address := wire.MakeAddress(c.doc, c.session)
		if string(address) != c.want {
			t.Errorf("MakeAddress(%q, %q) = %q, want %q", c.doc, c.session, address, c.want)
		}
		if doc, session := address.Split(); doc != c.doc || session != c.session {
			t.Errorf("%q splits into %q and %q", address, doc, session)
		}
	}
}

func TestAFrameThatStopsMidwayIsMalformed(t *testing.T) {
	whole := map[string]bool{}
	for _, v := range vectors(t) {
		whole[v.Protocol+v.Frame] = true
	}
	for _, v := range vectors(t) {
		frame := v.frame(t)
		for n := range frame {
			_, m, err := decode(v.Protocol, frame[:n])
			switch {
			case err == nil && cutIsAFrame(m):
			case !errors.Is(err, wire.ErrMalformed):
				t.Errorf("%s %x of %s: %+v, %v, want ErrMalformed", v.Protocol, frame[:n], v.Frame, m, err)
			}
		}
	}
}

// cutIsAFrame tells of messages whose end is optional: a token's version, a
// token itself, a reason for closing. The length of an address of nine bytes
// looks like a ping.
func cutIsAFrame(m wire.Message) bool {
	switch m.Kind {
	case wire.Token, wire.TokenRequest, wire.Close, wire.Ping, wire.Pong:
		return true
	}
	return false
}

func TestWhatIsNotAFrameIsRefused(t *testing.T) {
	for _, c := range []struct{ protocol, name, frame string }{
		{"yjs", "nothing", ""},
		{"yjs", "an unknown type", "04"},
		{"yjs", "a type of 2^64", "ffffffffffffffffff7f"},
		{"yjs", "an unknown sync message", "000300"},
		{"yjs", "an unknown auth message", "020100"},
		{"yjs", "a length beyond the frame", "0002ffffffff0f00"},
		{"yjs", "a length of 2^63", "0002ffffffffffffffffff01"},
		{"yjs", "bytes after an update", "000202000000"},
		{"yjs", "bytes after a query", "0300"},
		{"yjs", "a reason that is not text", "0200" + "02c328"},
		{"hocuspocus", "nothing", ""},
		{"hocuspocus", "an address alone", "0161"},
		{"hocuspocus", "an address beyond the frame", "ff0161"},
		{"hocuspocus", "an address that is not text", "02c32803"},
		{"hocuspocus", "half a surrogate pair as an address", "03eda08003"},
		{"hocuspocus", "an unknown type", "01610b"},
		{"hocuspocus", "a ping with an address", "016109"},
		{"hocuspocus", "an unknown auth message", "01610203"},
		{"hocuspocus", "an unknown sync status", "01610802"},
		{"hocuspocus", "bytes after a status", "0161080100"},
		{"hocuspocus", "bytes after a reason", "016107016100"},
	} {
		if _, m, err := decode(c.protocol, unhex(t, c.frame)); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s, %s: %+v, %v, want ErrMalformed", c.protocol, c.name, m, err)
		}
	}
}

func TestPartsOfAFrameHaveLimits(t *testing.T) {
	long := func(n int) []byte { return []byte(strings.Repeat("x", n)) }
	address := wire.MakeAddress("p/timeline", "")
	for _, c := range []struct {
		name    string
		address []byte
		message wire.Message
		ok      bool
	}{
		{"address", long(wire.MaxAddress), wire.Message{Kind: wire.QueryAwareness}, true},
		{"address", long(wire.MaxAddress + 1), wire.Message{Kind: wire.QueryAwareness}, false},
		{"token", address, wire.Message{Kind: wire.Token, Payload: long(wire.MaxToken)}, true},
		{"token", address, wire.Message{Kind: wire.Token, Payload: long(wire.MaxToken + 1)}, false},
		{"version", address, wire.Message{Kind: wire.Token, Version: long(wire.MaxVersion + 1)}, false},
		{"stateless", address, wire.Message{Kind: wire.Stateless, Payload: long(wire.MaxText)}, true},
		{"stateless", address, wire.Message{Kind: wire.Stateless, Payload: long(wire.MaxText + 1)}, false},
		{"broadcast", address, wire.Message{Kind: wire.BroadcastStateless, Payload: long(wire.MaxText + 1)}, false},
		{"close", address, wire.Message{Kind: wire.Close, Payload: long(wire.MaxText + 1)}, false},
		{"update", address, wire.Message{Kind: wire.Update, Payload: long(1 << 20)}, true},
	} {
		_, _, err := wire.DecodeHocuspocus(wire.AppendHocuspocus(nil, c.address, c.message))
		if c.ok && err != nil || !c.ok && !errors.Is(err, wire.ErrLimit) {
			t.Errorf("%s of %d: %v, want taken: %v", c.name, len(c.message.Payload), err, c.ok)
		}
	}
}

func TestWhatComesAfterAProvidersVersionIsPassedOver(t *testing.T) {
	token := wire.Message{Kind: wire.Token, Payload: []byte("t"), Version: []byte("5.0.0")}
	frame := append(wire.AppendHocuspocus(nil, wire.MakeAddress("d", ""), token), 1, 2, 3)
	_, m, err := wire.DecodeHocuspocus(frame)
	if err != nil || string(m.Payload) != "t" || string(m.Version) != "5.0.0" {
		t.Errorf("%x = %+v, %v", frame, m, err)
	}
}

func TestDecodingAllocatesNothing(t *testing.T) {
	yjs := wire.AppendYjs(nil, wire.Message{Kind: wire.Update, Payload: make([]byte, 60)})
	hocuspocus := wire.AppendHocuspocus(nil, wire.MakeAddress("p/timeline", "s"), wire.Message{Kind: wire.Update, Payload: make([]byte, 60)})
	if n := testing.AllocsPerRun(100, func() {
		wire.DecodeYjs(yjs)
		wire.DecodeHocuspocus(hocuspocus)
	}); n != 0 {
		t.Errorf("decoding two frames allocates %v times", n)
	}
}

func TestAKindThatAProtocolLacksPanics(t *testing.T) {
	for name, write := range map[string]func(){
		"y-websocket": func() { wire.AppendYjs(nil, wire.Message{Kind: wire.Stateless}) },
		"Hocuspocus":  func() { wire.AppendHocuspocus(nil, nil, wire.Message{}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s wrote a message that it does not have", name)
				}
			}()
			write()
		}()
	}
}

// What decodes can be written again, and then reads the same.
func fuzzDecode(f *testing.F, protocol string) {
	for _, v := range vectors(f) {
		if v.Protocol == protocol {
			f.Add(v.frame(f))
		}
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		address, m, err := decode(protocol, frame)
		if err != nil {
			if !errors.Is(err, wire.ErrMalformed) && !errors.Is(err, wire.ErrLimit) {
				t.Errorf("%x: %v is neither ErrMalformed nor ErrLimit", frame, err)
			}
			return
		}
		written := encode(protocol, address, m)
		if len(written) > len(frame) {
			t.Errorf("%x is written longer: %x", frame, written)
		}
		address2, again, err := decode(protocol, written)
		if err != nil || !bytes.Equal(address, address2) || !equal(m, again) {
			t.Errorf("%x = %+v is written as %x = %+v, %v", frame, m, written, again, err)
		}
	})
}

func equal(a, b wire.Message) bool {
	return a.Kind == b.Kind && a.Applied == b.Applied && a.Reply == b.Reply &&
		bytes.Equal(a.Payload, b.Payload) && bytes.Equal(a.Version, b.Version) &&
		(a.Payload == nil) == (b.Payload == nil) && (a.Version == nil) == (b.Version == nil)
}

func FuzzDecodeYjs(f *testing.F)        { fuzzDecode(f, "yjs") }
func FuzzDecodeHocuspocus(f *testing.F) { fuzzDecode(f, "hocuspocus") }
