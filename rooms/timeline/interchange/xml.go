package interchange

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// node is an element of an XML file.
type node struct {
	name     string
	attrs    map[string]string
	children []*node
	text     strings.Builder
}

// parseXML reads a file as a tree, within the limits. Nothing outside the file is
// read: entities are those of XML itself.
func parseXML(b []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(b))
	root := &node{}
	stack := []*node{root}
	count := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			line, _ := d.InputPos()
			return nil, fmt.Errorf("line %d: %w: %w", line, ErrMalformed, err)
		}
		top := stack[len(stack)-1]
		switch t := token.(type) {
		case xml.StartElement:
			if count++; count > 20*maxItems || len(stack) > maxDepth {
				return nil, fmt.Errorf("%w: too many elements, or too deep", ErrLimit)
			}
			n := &node{name: t.Name.Local, attrs: map[string]string{}}
			for _, a := range t.Attr {
				n.attrs[a.Name.Local] = a.Value
			}
			top.children = append(top.children, n)
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if top.text.Len()+len(t) <= maxText {
				top.text.Write(t)
			}
		}
	}
	if len(root.children) != 1 {
		return nil, fmt.Errorf("%w: it has no root element", ErrMalformed)
	}
	return root.children[0], nil
}

// child is the first child of a name, or nil.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// find is the first element of a name, in the order of the file, or nil.
func (n *node) find(name string) *node {
	if n.name == name {
		return n
	}
	for _, c := range n.children {
		if found := c.find(name); found != nil {
			return found
		}
	}
	return nil
}

// words is all text in an element.
func (n *node) words() string {
	var b strings.Builder
	var walk func(n *node)
	walk = func(n *node) {
		b.WriteString(n.text.String())
		for _, c := range n.children {
			walk(c)
		}
	}
	walk(n)
	return strings.TrimSpace(b.String())
}

// xmlWriter writes elements with indentation.
type xmlWriter struct {
	b    bytes.Buffer
	open []string
}

// attr is pairs of names and values; pairs without a value are left out.
func (w *xmlWriter) start(name string, attr ...string) {
	w.tag(name, attr, ">\n")
	w.open = append(w.open, name)
}

func (w *xmlWriter) empty(name string, attr ...string) { w.tag(name, attr, "/>\n") }

func (w *xmlWriter) tag(name string, attr []string, end string) {
	fmt.Fprintf(&w.b, "%s<%s", strings.Repeat("  ", len(w.open)), name)
	for i := 0; i+1 < len(attr); i += 2 {
		if attr[i+1] != "" {
			fmt.Fprintf(&w.b, ` %s="%s"`, attr[i], escaped(attr[i+1]))
		}
	}
	w.b.WriteString(end)
}

func (w *xmlWriter) end() {
	last := len(w.open) - 1
	name := w.open[last]
	w.open = w.open[:last]
	fmt.Fprintf(&w.b, "%s</%s>\n", strings.Repeat("  ", last), name)
}

// words writes an element with text and nothing else.
func (w *xmlWriter) words(name, text string, attr ...string) {
	w.tag(name, attr, ">"+escaped(text)+"</"+name+">\n")
}

func escaped(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(strings.ToValidUTF8(s, ""))) // a builder takes all
	return b.String()
}
