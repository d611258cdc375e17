package media

import (
	"bytes"
	"slices"
)

// Form is how the bytes of a file are laid out.
type Form struct {
	Kind    Kind   // what files of this form mostly are
	Type    string // the content type
	Demuxer string // the only way in which it may be read by programs that know many
}

// SniffBytes is how much of a file's beginning Sniff looks at.
const SniffBytes = 4 << 10

// forms are the forms that are taken, by how a file of each begins.
var forms = []struct {
	form   Form
	begins func(head []byte) bool
}{
	{Form{Image, "image/jpeg", "jpeg_pipe"}, prefix("\xff\xd8\xff")},
	{Form{Image, "image/png", "png_pipe"}, prefix("\x89PNG\r\n\x1a\n")},
	{Form{Image, "image/gif", "gif"}, func(h []byte) bool { return prefix("GIF87a")(h) || prefix("GIF89a")(h) }},
	{Form{Image, "image/webp", "webp_pipe"}, riff("WEBP")},
	{Form{Audio, "audio/wav", "wav"}, riff("WAVE")},
	{Form{Audio, "audio/flac", "flac"}, prefix("fLaC")},
	{Form{Audio, "audio/ogg", "ogg"}, ogg},
	{Form{Audio, "audio/mp4", "mov"}, brand("M4A ", "M4B ")},
	{
		Form{Video, "video/mp4", "mov"},
		brand("isom", "iso2", "iso4", "iso5", "iso6", "mp41", "mp42", "avc1", "dash", "M4V ", "MSNV", "mmp4", "f4v "),
	},
	{Form{Video, "video/webm", "matroska"}, webm},
	{Form{Audio, "audio/aac", "aac"}, adts},
	{Form{Audio, "audio/mpeg", "mp3"}, func(h []byte) bool { return prefix("ID3")(h) || mp3(h) }},
}

// Sniff tells the form of a file that begins with these bytes, of which it
// needs SniffBytes where the file has them. It ends with ErrType for all that
// is not taken.
func Sniff(head []byte) (Form, error) {
	for _, f := range forms {
		if f.begins(head) {
			return f.form, nil
		}
	}
	return Form{}, ErrType
}

// madeForms are the forms that are taken from our own renders only.
var madeForms = []struct {
	form   Form
	begins func(head []byte) bool
}{
	{Form{Video, "video/quicktime", "mov"}, brand("qt  ")},
	{Form{File, "application/zip", ""}, prefix("PK\x03\x04")},
	{Form{File, "text/vtt", ""}, prefix("WEBVTT\n")},
	{Form{File, "application/x-subrip", ""}, prefix("1\n00:")},
}

// sniffMade is Sniff for what a render has made.
func sniffMade(head []byte) (Form, error) {
	for _, f := range madeForms {
		if f.begins(head) {
			return f.form, nil
		}
	}
	return Sniff(head)
}

func prefix(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

func riff(form string) func([]byte) bool {
	return func(h []byte) bool { return len(h) >= 12 && string(h[:4]) == "RIFF" && string(h[8:12]) == form }
}

func brand(brands ...string) func([]byte) bool {
	return func(h []byte) bool {
		return len(h) >= 12 && string(h[4:8]) == "ftyp" && slices.Contains(brands, string(h[8:12]))
	}
}

// webm tells a WebM file from other Matroska files by its document type.
func webm(h []byte) bool {
	const documentType = "\x42\x82\x84webm"
	return prefix("\x1a\x45\xdf\xa3")(h) && bytes.Contains(h[:min(len(h), 64)], []byte(documentType))
}

// ogg tells sounds in Ogg from what else there may be in it.
func ogg(h []byte) bool {
	if !prefix("OggS")(h) {
		return false
	}
	first := h[:min(len(h), 64)]
	return slices.ContainsFunc([]string{"\x01vorbis", "OpusHead", "\x7fFLAC"}, func(codec string) bool {
		return bytes.Contains(first, []byte(codec))
	})
}

// adts knows AAC frames: twelve bits set, then layer zero.
func adts(h []byte) bool {
	return len(h) >= 7 && h[0] == 0xff && h[1]&0xf6 == 0xf0 && h[2]>>2&0xf < 13
}

// mp3 knows MPEG audio frames of layer III: eleven bits set, then values of
// which some are forbidden.
func mp3(h []byte) bool {
	if len(h) < 4 || h[0] != 0xff || h[1]&0xe0 != 0xe0 {
		return false
	}
	version, layer, bitrate, rate := h[1]>>3&3, h[1]>>1&3, h[2]>>4, h[2]>>2&3
	return version != 1 && layer == 1 && bitrate != 0 && bitrate != 15 && rate != 3
}
