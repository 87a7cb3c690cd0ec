package evidence

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Client reads from a running Directus, as an admin.
type Client interface {
	// Get reads the "data" of the answer to a GET of path with query. An answer
	// that says no, or has no data, is an error.
	Get(ctx context.Context, path string, query url.Values, data any) error
}

// Server asks a running Directus, from 10.0 on. How long values are, where
// they point and whether they fit another type it does not tell: the error is
// ErrCannotTell.
func Server(client Client) Source { return &server{client: client} }

type server struct {
	client Client
	// Lists that one request gives, asked for once.
	mu     sync.Mutex
	tables map[string]bool
	fields map[name]bool
}

// itemsPath is where the rows of a collection are read.
func itemsPath(collection string) string {
	if system, ok := strings.CutPrefix(collection, "directus_"); ok && system != "" && !strings.ContainsAny(system, "/_?#") {
		return "/" + system
	}
	return "/items/" + url.PathEscape(collection)
}

// aggregate reads one number. Directus gives it as a number or a text, by
// itself or under the field's name, and of a singleton not in a list.
func (s *server) aggregate(ctx context.Context, collection, function, field string, filter any) (int64, error) {
	var data json.RawMessage
	query := url.Values{"aggregate[" + function + "]": {field}}
	if filter != nil {
		text, err := json.Marshal(filter)
		if err != nil {
			return 0, fmt.Errorf("asking the server: %w", err)
		}
		query.Set("filter", string(text))
	}
	if err := s.client.Get(ctx, itemsPath(collection), query, &data); err != nil {
		return 0, err
	}
	var row map[string]json.RawMessage
	var list []map[string]json.RawMessage
	if json.Unmarshal(data, &list) == nil && len(list) == 1 {
		row = list[0]
	} else if err := json.Unmarshal(data, &row); err != nil {
		return 0, fmt.Errorf("reading the number of rows of %s: the answer is not understood", collection)
	}
	n, err := count(row[function], field)
	if err != nil {
		return 0, fmt.Errorf("reading the number of rows of %s: %w", collection, err)
	}
	return n, nil
}

func count(raw json.RawMessage, field string) (int64, error) {
	var byField map[string]json.RawMessage
	if json.Unmarshal(raw, &byField) == nil {
		raw = byField[field]
	}
	if bytes.HasPrefix(raw, []byte(`"*`)) {
		return 0, ErrCannotTell // concealed
	}
	var n json.Number
	if err := json.Unmarshal(bytes.Trim(raw, `"`), &n); err != nil {
		return 0, fmt.Errorf("the answer has no number: %w", err)
	}
	return n.Int64()
}

func (s *server) Rows(ctx context.Context, collection string) (int64, error) {
	return s.aggregate(ctx, collection, "count", "*", nil)
}

// NonNull filters: counted by the field, what Directus conceals is "**********".
func (s *server) NonNull(ctx context.Context, collection, field string) (int64, error) {
	return s.aggregate(ctx, collection, "count", "*", map[string]any{field: map[string]bool{"_nnull": true}})
}

func (s *server) Nulls(ctx context.Context, collection, field string) (int64, error) {
	return s.aggregate(ctx, collection, "count", "*", map[string]any{field: map[string]bool{"_null": true}})
}

func (s *server) Duplicates(ctx context.Context, collection, field string) (int64, error) {
	values, err := s.NonNull(ctx, collection, field)
	if err != nil {
		return 0, err
	}
	different, err := s.aggregate(ctx, collection, "countDistinct", field, nil)
	if err != nil {
		return 0, err
	}
	return max(values-different, 0), nil
}

// Groups are all only if they sum up to all rows: a server may limit lists
// (QUERY_LIMIT_MAX).
func (s *server) Groups(ctx context.Context, collection, field string) (map[string]int64, error) {
	if collection == "directus_permissions" {
		return s.listed(ctx, collection, field)
	}
	all, err := s.Rows(ctx, collection)
	if err != nil {
		return nil, err
	}
	var data []map[string]json.RawMessage
	query := url.Values{"aggregate[count]": {"*"}, "groupBy[]": {field}, "limit": {"-1"}}
	if err := s.client.Get(ctx, itemsPath(collection), query, &data); err != nil {
		return nil, err
	}
	found := map[string]int64{}
	for _, row := range data {
		var value *string
		if err := json.Unmarshal(row[field], &value); err != nil {
			return nil, fmt.Errorf("reading the groups of %s: the answer is not understood", collection)
		}
		n, err := count(row["count"], "*")
		if err != nil {
			return nil, fmt.Errorf("reading the groups of %s: %w", collection, err)
		}
		if value == nil {
			value = new(string)
		}
		found[*value] += n
		all -= n
	}
	if all > 0 {
		return nil, ErrCannotTell
	}
	return found, nil
}

// listed counts rows one by one: among permissions Directus lists its own ones
// for the Studio, which have no id, and drops what it aggregated (@directus/api
// 12.4.0, dist/permissions/lib/with-app-minimal-permissions.js).
func (s *server) listed(ctx context.Context, collection, field string) (map[string]int64, error) {
	found := map[string]int64{}
	for offset := 0; ; {
		var data []map[string]any
		query := url.Values{"fields[]": {"id", field}, "sort[]": {"id"}, "limit": {"500"}, "offset": {strconv.Itoa(offset)}}
		if err := s.client.Get(ctx, itemsPath(collection), query, &data); err != nil {
			return nil, err
		}
		before := offset
		for _, row := range data {
			if row["id"] != nil {
				offset++
				value, _ := row[field].(string)
				found[value]++
			}
		}
		if offset == before {
			return found, nil
		}
	}
}

// Exists looks into Directus' lists, which have what it does not track too.
func (s *server) Exists(ctx context.Context, collection, field string) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var data []struct {
		Collection string          `json:"collection"`
		Field      string          `json:"field"`
		Schema     json.RawMessage `json:"schema"`
	}
	if field == "" {
		if s.tables == nil {
			if err := s.client.Get(ctx, "/collections", nil, &data); err != nil {
				return false, err
			}
			s.tables = make(map[string]bool, len(data))
			for _, d := range data {
				s.tables[d.Collection] = there(d.Schema)
			}
		}
		return s.tables[collection], nil
	}
	if s.fields == nil {
		if err := s.client.Get(ctx, "/fields", nil, &data); err != nil {
			return false, err
		}
		s.fields = make(map[name]bool, len(data))
		for _, d := range data {
			s.fields[name{d.Collection, d.Field}] = there(d.Schema)
		}
	}
	return s.fields[name{collection, field}], nil
}

func there(schema json.RawMessage) bool { return len(schema) > 0 && string(schema) != "null" }

func (*server) Longest(context.Context, string, string) (int64, error) { return 0, ErrCannotTell }

func (*server) Dangling(context.Context, string, string, string, string) (int64, error) {
	return 0, ErrCannotTell
}

func (*server) Unfit(context.Context, string, string, Column, Column) (Fit, error) {
	return Fit{}, ErrCannotTell
}
