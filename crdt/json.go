package crdt

// JSON is the map and all inside it as plain Go values; texts are strings.
func (m Map) JSON() map[string]any {
	out := map[string]any{}
	m.d.eachEntry(m.t, func(key uint32, tail ref) {
		if it, ok := m.d.value(tail); ok {
			out[m.d.keys[key]] = m.d.plain(m.d.element(it, it.len-1))
		}
	})
	return out
}

// JSON is the array and all inside it as plain Go values; texts are strings.
func (a Array) JSON() []any {
	out := make([]any, 0, a.Len())
	for it := range a.d.list(a.t) {
		for n := range it.len {
			out = append(out, a.d.plain(a.d.element(it, n)))
		}
	}
	return out
}

// JSON is the whole document as plain Go values, by root. A root that nobody
// has asked for by kind shows as what its content looks like.
func (d *Doc) JSON() map[string]any {
	out := make(map[string]any, len(d.roots))
	for name, t := range d.roots {
		out[name] = d.plain(d.handleAs(t, d.looksLike(t)))
	}
	return out
}

func (d *Doc) handleAs(t uint32, kind uint8) Shared {
	switch kind {
	case typeMap:
		return Map{d, t}
	case typeText:
		return Text{d, t}
	case typeArray:
		return Array{d, t}
	default:
		return XML{d, t}
	}
}

// looksLike guesses the kind of a root from what is in it.
func (d *Doc) looksLike(t uint32) uint8 {
	if k := d.types[t].kind; k != typeUnknown {
		return k
	}
	if d.types[t].firstEntry != 0 {
		return typeMap
	}
	kind := uint8(typeArray)
	for it := range d.list(t) {
		switch {
		case it.kind == kindString || it.kind == kindEmbed:
			return typeText
		case it.kind == kindType && d.types[it.off].kind >= typeElement:
			kind = typeFragment
		}
	}
	return kind
}

// maxPlainDepth bounds how deep nested types are followed; what is deeper
// shows as null.
const maxPlainDepth = 256

// plain turns handles into plain values.
func (d *Doc) plain(v any) any {
	if d.depth++; d.depth > maxPlainDepth {
		v = nil
	}
	defer func() { d.depth-- }()
	switch v := v.(type) {
	case Map:
		return v.JSON()
	case Array:
		return v.JSON()
	case Text:
		return v.String()
	case XML:
		return v.String()
	case Undefined:
		return nil
	case Subdocument:
		return map[string]any{"guid": v.GUID}
	default:
		return v
	}
}
