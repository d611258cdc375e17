package main_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// The limits of the house style.
const (
	functionLines   = 60
	fileLines       = 500
	interfaceSize   = 5
	parameterNumber = 4 // beside a context and a test
)

func TestGoFilesKeepTheLimits(t *testing.T) {
	documented := map[string]bool{} // packages with a comment
	goFiles(t, func(file string) {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(source, []byte("\n")); n > fileLines {
			t.Errorf("%s has %d lines", file, n)
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		dir := path.Dir(file)
		documented[dir] = documented[dir] || parsed.Doc != nil
		s := style{t: t, set: set}
		for _, d := range parsed.Decls {
			s.declaration(d)
		}
	})
	for dir, ok := range documented {
		if !ok {
			t.Errorf("the package in %s has no comment", dir)
		}
	}
}

// style looks at the declarations of one file.
type style struct {
	t   *testing.T
	set *token.FileSet
}

func (s style) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		s.function(d)
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			s.spec(d, spec)
		}
	}
}

func (s style) function(f *ast.FuncDecl) {
	at := s.set.Position(f.Pos())
	if n := s.set.Position(f.End()).Line - at.Line + 1; n > functionLines {
		s.t.Errorf("%s: %s has %d lines", at, f.Name.Name, n)
	}
	n := 0
	for _, field := range f.Type.Params.List {
		if ambient(field.Type) {
			continue
		}
		n += max(1, len(field.Names))
	}
	if n > parameterNumber {
		s.t.Errorf("%s: %s has %d parameters", at, f.Name.Name, n)
	}
	if f.Name.IsExported() && f.Doc == nil && exportedReceiver(f) {
		s.t.Errorf("%s: %s has no comment", at, f.Name.Name)
	}
}

// ambient tells whether a parameter is a context or a test: those go along
// everywhere and are not counted.
func ambient(e ast.Expr) bool {
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	of, ok := selector.X.(*ast.Ident)
	return ok && (of.Name == "testing" || of.Name == "context" && selector.Sel.Name == "Context")
}

// exportedReceiver tells whether f is a function or a method of something that
// others can name.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	receiver := f.Recv.List[0].Type
	if star, ok := receiver.(*ast.StarExpr); ok {
		receiver = star.X
	}
	if index, ok := receiver.(*ast.IndexExpr); ok {
		receiver = index.X
	}
	name, ok := receiver.(*ast.Ident)
	return ok && name.IsExported()
}

func (s style) spec(d *ast.GenDecl, spec ast.Spec) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		at := s.set.Position(spec.Pos())
		if spec.Name.IsExported() && d.Doc == nil && spec.Doc == nil {
			s.t.Errorf("%s: %s has no comment", at, spec.Name.Name)
		}
		if i, ok := spec.Type.(*ast.InterfaceType); ok && methods(i) > interfaceSize {
			s.t.Errorf("%s: %s has %d methods", at, spec.Name.Name, methods(i))
		}
	case *ast.ValueSpec:
		for _, name := range spec.Names {
			if name.IsExported() && d.Doc == nil && spec.Doc == nil && spec.Comment == nil {
				s.t.Errorf("%s: %s has no comment", s.set.Position(name.Pos()), name.Name)
			}
		}
	}
}

// methods counts an interface's own methods; what it embeds is counted there.
func methods(i *ast.InterfaceType) int {
	n := 0
	for _, m := range i.Methods.List {
		n += len(m.Names)
	}
	return n
}

func TestPageFilesKeepTheLimits(t *testing.T) {
	err := filepath.WalkDir(filepath.Join("web", "src"), func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		source, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if n := bytes.Count(source, []byte("\n")); n > fileLines {
			t.Errorf("%s has %d lines", file, n)
		}
		if strings.HasSuffix(file, ".ts") && bytes.Contains(source, []byte(": any")) {
			t.Errorf("%s has an any", file)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
