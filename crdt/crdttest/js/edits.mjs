// Seeded random edits, through the public interface of Yjs.
import * as Y from "yjs";

// A small generator (mulberry32): the same edits for the same seed everywhere.
export const generator = (seed) => {
	let a = seed >>> 0;
	return (n) => {
		a = (a + 0x6d2b79f5) >>> 0;
		let t = Math.imul(a ^ (a >>> 15), a | 1);
		t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
		return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * n);
	};
};

const pieces = ["a", "bc", "def", "Dawn ", "é", "日本", "🎬", "🌅x", "👩‍👧", "\n", "", "0123456789"];
const keys = ["k", "title", "order", "__proto__", "é", "🎬", "", "long key with spaces"];
const formats = [{ bold: true }, { bold: null }, { em: "x" }, { bold: true, em: null }, { link: { href: "u" } }];

const pick = (r, list) => list[r(list.length)];
const string = (r) => Array.from({ length: 1 + r(3) }, () => pick(r, pieces)).join("");

const value = (r) => {
	switch (r(14)) {
		case 0: return null;
		case 1: return undefined;
		case 2: return r(2) === 0;
		case 3: return r(100) - 50;
		case 4: return 2 ** (20 + r(30)) * (r(2) === 0 ? 1 : -1) + r(3);
		case 5: return r(1000) / 8;
		case 6: return r(1000) / 7;
		case 7: return [r(9), string(r), [null]];
		case 8: return { b: r(9), a: string(r), c: { z: [], y: {} } };
		case 9: return new Uint8Array([r(256), 0, 255]);
		case 10: return BigInt(r(1000)) - 500n;
		default: return string(r);
	}
};

const nested = (r) => {
	switch (r(3)) {
		case 0: return new Y.Map([["in", value(r)]]);
		case 1: return Y.Array.from([plainest(value(r)), r(10)]);
		default: return new Y.Text(string(r));
	}
};

const content = (r, profile) => (profile.nested && r(5) === 0 ? nested(r) : value(r));

// Yjs refuses undefined and bigints in arrays, though not inside their elements.
const plainest = (v) => (v === undefined || typeof v === "bigint" ? null : v);
const element = (r, profile) => plainest(content(r, profile));

// Every container below the roots that a random path can reach.
const reach = (r, type) => {
	for (let depth = 0; depth < 5 && r(4) !== 0; depth++) {
		const inner = type instanceof Y.Map ? [...type.values()] : type instanceof Y.Array ? type.toArray() : [];
		const types = inner.filter((v) => v instanceof Y.Map || v instanceof Y.Array || v instanceof Y.Text);
		if (types.length === 0) break;
		type = pick(r, types);
	}
	return type;
};

// A position that is not inside a surrogate pair, unless the profile asks.
const position = (r, text, profile) => {
	const at = r(text.length + 1);
	if (profile.halves || at === 0) return at;
	const s = text.toString();
	if (s.length !== text.length) return text.length; // embeds: positions differ
	const c = s.charCodeAt(at);
	return c >= 0xdc00 && c < 0xe000 ? at - 1 : at;
};

const editMap = (r, map, profile) => {
	const key = pick(r, keys);
	if (r(4) === 0) map.delete(key);
	else map.set(key, content(r, profile));
};

const editArray = (r, array, profile) => {
	if (array.length > 0 && r(3) === 0) {
		const at = r(array.length);
		array.delete(at, 1 + r(Math.min(3, array.length - at)));
		return;
	}
	array.insert(r(array.length + 1), Array.from({ length: 1 + r(3) }, () => element(r, profile)));
};

const editText = (r, text, profile) => {
	const from = position(r, text, profile);
	const to = position(r, text, profile);
	const [at, end] = from < to ? [from, to] : [to, from];
	// Only root texts are formatted: a nested one makes Yjs tidy up formats by
	// itself after remote edits, which a server must not.
	switch (r(profile.formats && text._item === null ? 8 : 4)) {
		case 0:
			if (end > at) text.delete(at, end - at);
			break;
		case 4:
		case 5:
			if (end > at) text.format(at, end - at, pick(r, formats));
			break;
		case 6:
			text.insertEmbed(at, { image: `${r(100)}.png`, n: r(3) / 2 }, r(2) === 0 ? {} : { bold: true });
			break;
		case 7:
			text.insert(at, string(r), pick(r, formats));
			break;
		default:
			text.insert(at, string(r));
	}
};

const editXml = (r, fragment) => {
	const elements = fragment.toArray().filter((v) => v instanceof Y.XmlElement);
	if (elements.length > 0 && r(2) === 0) {
		const e = pick(r, elements);
		if (r(3) === 0) e.setAttribute(pick(r, ["src", "id"]), string(r));
		else if (r(3) === 0) e.removeAttribute("src");
		else editXml(r, e);
		return;
	}
	if (fragment.length > 0 && r(4) === 0) {
		fragment.delete(r(fragment.length), 1);
		return;
	}
	const inner = r(3) === 0 ? new Y.XmlText(string(r)) : r(6) === 0 ? new Y.XmlHook("hook") : new Y.XmlElement(pick(r, ["p", "video"]));
	fragment.insert(r(fragment.length + 1), [inner]);
};

const editSubdocs = (r, map) => {
	const key = pick(r, ["one", "two"]);
	switch (r(4)) {
		case 0: map.delete(key); break;
		case 1: map.set(key, new Uint8Array(Array.from({ length: r(20) }, () => r(256)))); break;
		default: map.set(key, new Y.Doc({ guid: `guid-${r(5)}`, autoLoad: r(2) === 0, meta: r(2) === 0 ? { a: 1 } : null }));
	}
};

// edit makes a few edits in one transaction.
export const edit = (doc, seed, profile) => {
	const r = generator(seed);
	const map = doc.getMap("m");
	const array = doc.getArray("a");
	const text = doc.getText("t");
	doc.transact(() => {
		for (let n = 1 + r(profile.edits ?? 4); n > 0; n--) {
			const which = r(profile.exotic ? 12 : 9);
			if (which >= 11) editSubdocs(r, doc.getMap("d"));
			else if (which >= 9) editXml(r, doc.getXmlFragment("x"));
			else {
				const type = reach(r, [map, array, text][Math.floor(which / 3)]);
				if (type instanceof Y.Map) editMap(r, type, profile);
				else if (type instanceof Y.Array) editArray(r, type, profile);
				else editText(r, type, profile);
			}
		}
	});
};
