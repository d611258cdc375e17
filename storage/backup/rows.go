package backup

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/soratoo/soratoo/storage/sqlstore"
)

// Rows are JSON: the columns, then each row as an array. Bytes are texts that begin with
// bytesMark, texts with textMark.
const (
	bytesMark = "b:"
	textMark  = "t:"
)

func encodeRows(w io.Writer, part sqlstore.Rows) error {
	out := json.NewEncoder(w)
	if err := out.Encode(part.Columns); err != nil {
		return err
	}
	for _, values := range part.Values {
		row := make([]any, len(values))
		for i, v := range values {
			switch v := v.(type) {
			case []byte:
				row[i] = bytesMark + base64.StdEncoding.EncodeToString(v)
			case string:
				row[i] = textMark + v
			case int64, float64, bool, nil:
				row[i] = v
			default:
				return fmt.Errorf("the column %s holds a %T", part.Columns[i], v)
			}
		}
		if err := out.Encode(row); err != nil {
			return err
		}
	}
	return nil
}

func decodeRows(r io.Reader) (part sqlstore.Rows, err error) {
	in := json.NewDecoder(r)
	in.UseNumber()
	if err := in.Decode(&part.Columns); err != nil {
		return part, err
	}
	for {
		var row []any
		err := in.Decode(&row)
		if errors.Is(err, io.EOF) {
			return part, nil
		}
		if err != nil {
			return part, err
		}
		for i := range row {
			if row[i], err = decodeValue(row[i]); err != nil {
				return part, err
			}
		}
		part.Values = append(part.Values, row)
	}
}

func decodeValue(v any) (any, error) {
	switch v := v.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return n, nil
		}
		return v.Float64()
	case string:
		if text, ok := strings.CutPrefix(v, textMark); ok {
			return text, nil
		}
		text, ok := strings.CutPrefix(v, bytesMark)
		if !ok {
			return nil, errors.New("a text has no mark")
		}
		return base64.StdEncoding.DecodeString(text)
	}
	return v, nil
}
