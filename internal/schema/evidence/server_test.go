package evidence

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// restClient is the least of a client.
type restClient struct{ base string }

func (c restClient) Get(ctx context.Context, path string, query url.Values, data any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path+"?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s answered %d", path, response.StatusCode)
	}
	var envelope struct{ Data json.RawMessage }
	if err := json.NewDecoder(response.Body).Decode(&envelope); err != nil {
		return err
	}
	return json.Unmarshal(envelope.Data, data)
}

// serve answers as a real Directus 12.4.0 did, by path and query.
func serve(t *testing.T, answers map[string]string) (Source, map[string]int) {
	t.Helper()
	asked := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query, _ := url.QueryUnescape(r.URL.RawQuery)
		key := r.URL.EscapedPath() + "?" + query
		asked[key]++
		body, ok := answers[key]
		if !ok {
			w.WriteHeader(http.StatusForbidden)
			body = `{"errors":[{"message":"You don't have permission to access this.","extensions":{"code":"FORBIDDEN"}}]}`
			t.Log("not answered: " + key)
		}
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	return Server(restClient{server.URL}), asked
}

func TestServer(t *testing.T) {
	ctx := context.Background()
	source, asked := serve(t, map[string]string{
		"/items/posts?aggregate[count]=*":                                           `{"data":[{"count":1204}]}`,
		`/items/posts?aggregate[count]=*&filter={"title":{"_null":true}}`:           `{"data":[{"count":4}]}`,
		`/items/posts?aggregate[count]=*&filter={"title":{"_nnull":true}}`:          `{"data":[{"count":1200}]}`,
		"/items/posts?aggregate[countDistinct]=title":                               `{"data":[{"countDistinct":{"title":"1190"}}]}`,
		`/items/posts?aggregate[count]=*&filter={"secret":{"_nnull":true}}`:         `{"data":[{"count":9}]}`,
		"/items/posts?aggregate[countDistinct]=secret":                              `{"data":[{"countDistinct":{"secret":"**********"}}]}`,
		"/items/home%20page?aggregate[count]=*":                                     `{"data":{"count":"1"}}`,
		"/revisions?aggregate[count]=*":                                             `{"data":[{"count":"7"}]}`,
		"/revisions?aggregate[count]=*&groupBy[]=collection&limit=-1":               `{"data":[{"collection":"posts","count":"5"},{"collection":null,"count":"2"}]}`,
		"/items/posts?aggregate[count]=*&groupBy[]=kind&limit=-1":                   `{"data":[{"kind":"a","count":100}]}`,
		"/items/broken?aggregate[count]=*":                                          `{"data":[]}`,
		`/items/broken?aggregate[count]=*&filter={"x":{"_nnull":true}}`:             `{"data":[{"count":{}}]}`,
		"/permissions?fields[]=id&fields[]=collection&limit=500&offset=0&sort[]=id": `{"data":[{"id":1,"collection":"posts"},{"collection":"directus_fields","system":true}]}`,
		"/permissions?fields[]=id&fields[]=collection&limit=500&offset=1&sort[]=id": `{"data":[{"collection":"directus_fields","system":true}]}`,
		"/collections?": `{"data":[{"collection":"posts","schema":{"name":"posts"},"meta":{}},{"collection":"folder","schema":null,"meta":{}},{"collection":"untracked","schema":{"name":"untracked"},"meta":null}]}`,
		"/fields?":      `{"data":[{"collection":"posts","field":"title","schema":{"name":"title"}},{"collection":"posts","field":"notice","schema":null}]}`,
	})
	number := func(what string, want int64) func(int64, error) {
		return func(got int64, err error) {
			t.Helper()
			if err != nil || got != want {
				t.Errorf("%s: %d, not %d (%v)", what, got, want, err)
			}
		}
	}
	number("rows", 1204)(source.Rows(ctx, "posts"))
	number("values", 1200)(source.NonNull(ctx, "posts", "title"))
	number("nulls", 4)(source.Nulls(ctx, "posts", "title"))
	number("duplicates", 10)(source.Duplicates(ctx, "posts", "title"))
	if _, err := source.Duplicates(ctx, "posts", "secret"); !errors.Is(err, ErrCannotTell) {
		t.Errorf("duplicates of what is concealed: %v", err)
	}
	number("a singleton", 1)(source.Rows(ctx, "home page"))
	groups, err := source.Groups(ctx, "directus_revisions", "collection")
	if diff := cmp.Diff(map[string]int64{"posts": 5, "": 2}, groups); diff != "" || err != nil {
		t.Errorf("groups (-want +got, %v):\n%s", err, diff)
	}
	if groups, err := source.Groups(ctx, "directus_permissions", "collection"); err != nil || len(groups) != 1 || groups["posts"] != 1 {
		t.Errorf("permissions: %v, %v", groups, err)
	}
	if _, err := source.Groups(ctx, "posts", "kind"); !errors.Is(err, ErrCannotTell) {
		t.Errorf("groups of which a limit left some out: %v", err)
	}
	for _, there := range []struct {
		collection, field string
		want              bool
	}{{"posts", "", true}, {"folder", "", false}, {"untracked", "", true}, {"none", "", false}, {"posts", "title", true}, {"posts", "notice", false}, {"posts", "none", false}} {
		if got, err := source.Exists(ctx, there.collection, there.field); got != there.want || err != nil {
			t.Errorf("%s.%s exists: %v, %v", there.collection, there.field, got, err)
		}
	}
	if asked["/collections?"] != 1 || asked["/fields?"] != 1 {
		t.Errorf("the lists were asked for %d and %d times", asked["/collections?"], asked["/fields?"])
	}
	_, rows := source.Rows(ctx, "broken")
	_, values := source.NonNull(ctx, "broken", "x")
	_, denied := source.Rows(ctx, "denied")
	for what, err := range map[string]error{"no row": rows, "no number": values, "denied": denied} {
		if err == nil {
			t.Errorf("%s: no error", what)
		}
	}
}

func TestServerCannotTell(t *testing.T) {
	ctx, source := context.Background(), Server(restClient{})
	_, length := source.Longest(ctx, "posts", "title")
	_, gone := source.Dangling(ctx, "posts", "author", "people", "id")
	_, fit := source.Unfit(ctx, "posts", "title", Column{}, Column{})
	for what, err := range map[string]error{"longest": length, "dangling": gone, "unfit": fit} {
		if !errors.Is(err, ErrCannotTell) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
