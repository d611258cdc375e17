// Package mark says inside media files that they were generated, as Article 50 of
// the EU AI Act asks: by the digital source type of the IPTC, in the place that
// each format has for it. It reads the mark back out of any file.
//
// Packets of XMP are plain text wherever they are, so that programs find them
// without knowing the format; [Finder] does, and trusts nothing else of a file.
package mark

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
)

// Source is the digital source type of a file; "" says nothing about it.
type Source string

// The sources that are marked, by the IPTC's names.
const (
	Generated Source = "trainedAlgorithmicMedia"
	Composite Source = "compositeWithTrainedAlgorithmicMedia" // parts of it are generated
)

const (
	vocabulary = "cv.iptc.org/newscodes/digitalsourcetype/"
	// overlap is what a Finder keeps of one piece for the next.
	overlap = len(vocabulary) + len(Composite) - 1
)

// URI is the source in the IPTC's vocabulary.
func (s Source) URI() string { return "http://" + vocabulary + string(s) }

// Words is the source for formats that have room for a remark and no more.
func (s Source) Words() string { return "Contains AI-generated media. Digital source type: " + s.URI() }

// Finder finds the mark in what is written to it. One that says that a file is a
// composite counts more than one of a part.
type Finder struct {
	found Source
	kept  []byte
}

// Write looks through a piece of a file. It never fails.
func (f *Finder) Write(p []byte) (int, error) {
	if f.found == Composite {
		return len(p), nil
	}
	f.kept = append(f.kept, p...)
	for _, s := range []Source{Composite, Generated} {
		if bytes.Contains(f.kept, []byte(vocabulary+string(s))) {
			f.found = s
			break
		}
	}
	if over := len(f.kept) - overlap; over > 0 {
		f.kept = append(f.kept[:0], f.kept[over:]...)
	}
	return len(p), nil
}

// Source is what was found so far.
func (f *Finder) Source() Source { return f.found }

// packet is a source as XMP.
func packet(s Source) []byte {
	return []byte("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		`<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">` +
		`<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"` +
		` xmp:CreatorTool="SoraToo" Iptc4xmpExt:DigitalSourceType="` + s.URI() + `"/></rdf:RDF></x:xmpmeta>` + "\n<?xpacket end=\"r\"?>")
}

var errForm = errors.New("mark: not of the form that it should be")

// Write marks a finished file in place. WebM, whose tags are part of what its
// encoder writes, and files without media are left as they are.
func Write(path, mediaType string, s Source) (err error) {
	put := map[string]func(f *os.File, packet []byte) error{
		"video/mp4": box, "video/quicktime": box, "image/png": text, "image/gif": extension, "audio/wav": chunk,
	}[mediaType]
	if s == "" || put == nil {
		return nil
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := put(f, packet(s)); err != nil {
		return fmt.Errorf("marking %s: %w", mediaType, err)
	}
	return nil
}

// box appends the box of XMP to an MP4 or QuickTime file. At the end it moves
// nothing that the file points to.
func box(f *os.File, packet []byte) error {
	const uuid = "\xbe\x7a\xcf\xcb\x97\xa9\x42\xe8\x9c\x71\x99\x94\x91\xe3\xaf\xac"
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(uuid)+len(packet)))
	b = append(append(append(b, "uuid"...), uuid...), packet...)
	_, err := f.Write(b)
	return err
}

// text puts a chunk of international text behind the header of a PNG.
func text(f *os.File, packet []byte) error {
	const header = 8 + 4 + 4 + 13 + 4 // the signature and IHDR
	all, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	if len(all) < header {
		return errForm
	}
	// Keyword, no compression, its method, no language, no translated keyword.
	body := append([]byte("iTXtXML:com.adobe.xmp\x00\x00\x00\x00\x00"), packet...)
	b := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	b = binary.BigEndian.AppendUint32(append(b, body...), crc32.ChecksumIEEE(body))
	_, err = f.WriteAt(append(b, all[header:]...), header)
	return err
}

// extension puts an application extension ahead of the trailer of a GIF. The
// packet is not in blocks; whatever is read as a length ends in the zeros behind it.
func extension(f *os.File, packet []byte) error {
	end, err := f.Seek(-1, io.SeekEnd)
	if err != nil {
		return err
	}
	trailer := make([]byte, 1)
	if _, err := f.ReadAt(trailer, end); err != nil || trailer[0] != ';' {
		return errors.Join(errForm, err)
	}
	b := append([]byte("\x21\xff\x0bXMP DataXMP"), packet...)
	b = append(b, 1)
	for i := 0xff; i >= 0; i-- {
		b = append(b, byte(i))
	}
	_, err = f.WriteAt(append(b, 0, ';'), end)
	return err
}

// chunk appends the chunk of XMP to a RIFF file.
func chunk(f *os.File, packet []byte) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if len(packet)%2 == 1 {
		packet = append(packet, ' ')
	}
	var b []byte
	if end%2 == 1 {
		b = append(b, 0)
	}
	b = binary.LittleEndian.AppendUint32(append(b, "_PMX"...), uint32(len(packet)))
	b = append(b, packet...)
	size := end - 8 + int64(len(b))
	if size > 1<<32-1 {
		return errForm // it is no RIFF any more, but of its larger relatives
	}
	if _, err := f.Write(b); err != nil {
		return err
	}
	_, err = f.WriteAt(binary.LittleEndian.AppendUint32(nil, uint32(size)), 4)
	return err
}
