package directus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// itemsPage is how many items are asked for at a time: few enough for the
// smallest QUERY_LIMIT_MAX that makes sense.
const itemsPage = 100

// Items reads every item of a collection, in the order of its primary key: the
// key and the fields that are named, or all of them ("*"). A page that says
// less than it was asked for ends the reading; items that are written meanwhile
// may be missed, none is told twice. Needs an admin.
func (c *Client) Items(ctx context.Context, collection, key string, fields ...string) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		var last json.RawMessage
		for {
			items, err := c.page(ctx, collection, key, fields, last)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
			if len(items) == 0 || key == "" {
				return
			}
			var values map[string]json.RawMessage
			if err := json.Unmarshal(items[len(items)-1], &values); err != nil || values[key] == nil {
				yield(nil, fmt.Errorf("reading the items of %s: an item has no %s", collection, key))
				return
			}
			if bytes.Equal(values[key], last) {
				yield(nil, fmt.Errorf("reading the items of %s: the server gives the same page again", collection))
				return
			}
			last = values[key]
		}
	}
}

// page reads the items after one key. A singleton is one item without pages.
func (c *Client) page(ctx context.Context, collection, key string, fields []string, after json.RawMessage) ([]json.RawMessage, error) {
	query := url.Values{"limit": {strconv.Itoa(itemsPage)}, "fields": {strings.Join(append([]string{key}, fields...), ",")}}
	if key != "" {
		query.Set("sort", key)
	}
	if after != nil {
		filter, err := json.Marshal(map[string]any{key: map[string]any{"_gt": after}})
		if err != nil {
			return nil, fmt.Errorf("asking for the items of %s: %w", collection, err)
		}
		query.Set("filter", string(filter))
	}
	var data json.RawMessage
	if err := c.data(ctx, http.MethodGet, ItemsPath(collection)+"?"+query.Encode(), nil, &data); err != nil {
		return nil, err
	}
	if trimmed := bytes.TrimSpace(data); len(trimmed) > 0 && trimmed[0] == '{' {
		if after != nil {
			return nil, nil
		}
		return []json.RawMessage{data}, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(data, &items); err != nil {
		return nil, fmt.Errorf("reading the items of %s: %w", collection, err)
	}
	return items, nil
}

// ItemsPath is where a collection's items are: Directus' own have their own
// addresses.
func ItemsPath(collection string) string {
	if own, ok := strings.CutPrefix(collection, "directus_"); ok && SystemTable(collection) {
		return "/" + url.PathEscape(own)
	}
	return "/items/" + url.PathEscape(collection)
}

// Get reads the "data" of the answer to a GET. An answer without one is an
// error.
func (c *Client) Get(ctx context.Context, path string, query url.Values, data any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.data(ctx, http.MethodGet, path, nil, data)
}
