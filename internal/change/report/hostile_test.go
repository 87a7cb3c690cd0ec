package report

import (
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"bunnyhop/internal/change"
	"bunnyhop/internal/database/servertest"
)

// hostile are texts that could do more than stand there, and how they are to
// be read.
var hostile = [][2]string{
	same("</script><script>alert(1)</script>"),
	same("</style></title></textarea><script>alert(2)</script>"),
	same("<img src=http://evil.example/x onerror=alert(3)>"),
	same("<svg/onload=alert(4)>"),
	same("<a href=\"javascript:alert(5)\">x</a>"),
	same("javascript:alert(6)"),
	same("\"' onmouseover=alert(7) style='x' autofocus "),
	same("<!-- "), same("-->"), same("]]>"), same("{{.Title}}"), same("&lt;b&gt; &amp; &#x41;"),
	same("</details></details></main>"), same("</td></tr></table>"), same("</pre>"),
	same("[click](javascript:alert(8))"), same("![x](https://evil.example/x.png)"), same("[x]: https://evil.example"), same("[^1]"), same("[ ] x"), same("](#c1)"),
	same("https://evil.example/?a=b&c=d"), same("www.evil.example"), same("ftp://evil.example"), same("me@evil.example"), same("@octocat"), same("#1"),
	same("```"), same("`"), same("a`b``c"), same("`code`"), same("a | b"), same(`a \| b`), same("|---|---|"), same("~~~"),
	same("# heading"), same("- item"), same("* item"), same("1. item"), same("2) item"), same("> quote"), same("---"), same("==="), same("+ item"), same("***"),
	same("*bold* __it__ ~~gone~~ $x$"), same(`\`), same(`ends in \`), same(":smile:"), same("<https://evil.example>"),
	{"name\u202egnp.exe", `name\u202egnp.exe`},
	{"\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link", `\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link`},
	{"nul\x00 bell\a del\x7f csi\u009b31m", `nul\x00 bell\x07 del\x7f csi\u009b31m`},
	{"bad\xff\xfeutf", `bad\xff\xfeutf`},
	{"zero\u200bwidth\ufeffand\u00adshy", `zero\u200bwidth\ufeffand\u00adshy`},
	{"sep\u2028par\u2029next\u0085", `sep\u2028par\u2029next\u0085`},
	{"tag\U000e0041", `tag\U000e0041`},
	{"over\rwritten", `over\x0dwritten`},
	same("עברית وعربي 日本語 👨‍👩‍👧"),
}

func same(s string) [2]string { return [2]string{s, s} }

// hostileReview has each of the texts in every place.
func hostileReview() Review {
	r := Review{Decisions: change.Decisions{}}
	for i, text := range hostile {
		s := text[0]
		if i == 0 {
			r.Title = s
		}
		r.Facts = append(r.Facts, [2]string{s, s})
		r.Noise = append(r.Noise, change.Noise{Reason: s, Count: 2, Examples: []string{s}})
		all := change.Change{
			ID: s, Group: s, Title: s, Detail: s + "\n" + s, Risk: change.Destructive, Undo: s, Before: s, Requires: []string{s + "2"},
			Evidence: []change.Evidence{{Label: s, Value: s, Loss: true}, {Label: s, Value: s}},
			Model:    &change.Model{Action: "delete", Entity: "field", Collection: s, Field: s, Related: s, Attribute: s},
		}
		long := change.Change{
			ID: s + "2", Group: s, Title: "long", Locked: s, Risk: change.Risk(s),
			Before: strings.Repeat("the same line\n", 9) + s + "\nend", After: strings.Repeat("the same line\n", 9) + s + " and more\n" + s + "\nend",
		}
		one := change.Change{ID: s + "3", Group: s + "\n" + s, Title: s + "\n" + s, Blocked: s, After: s + "\n" + s, Model: &change.Model{Action: s, Entity: s}}
		r.Changes = append(r.Changes, all, long, one)
	}
	return r
}

func TestHostileHTML(t *testing.T) {
	page := rendered(t, hostileReview().HTML)
	text := inert(t, page, `a bdi body br caption dd del details div dl dt figcaption figure form h1 h2 h3 head header html i input ins
		label li main meta nav option output p pre script section select small span strong style summary table tbody td th thead title tr ul button`)
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d scripts", n)
	}
	for _, h := range hostile {
		if n := strings.Count(text, h[1]); n < 11 {
			t.Errorf("%q stands %d times on the page", h[1], n)
		}
	}
}

// TestHostileMarkdown reads the report as GitHub does, whose renderer this is.
func TestHostileMarkdown(t *testing.T) {
	pipe := func() bool { _, err := exec.LookPath("cmark-gfm"); return err == nil }
	if err := servertest.Ensure("cmark-gfm", pipe, func() (func(), error) { return func() {}, nil }); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("cmark-gfm", "--unsafe", "-e", "table", "-e", "autolink", "-e", "strikethrough", "-e", "tasklist", "-e", "footnotes")
	cmd.Stdin = strings.NewReader(rendered(t, hostileReview().Markdown))
	page, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	text := inert(t, string(page), "a body br code h1 h2 h3 head html li p pre strong table tbody td th thead tr ul")
	for _, h := range hostile {
		if n := strings.Count(text, strings.TrimSpace(h[1])); n < 11 {
			t.Errorf("%q stands %d times in the report", h[1], n)
		}
	}
}

// inert checks that a page has only these elements, and no attribute that
// loads or runs anything, and returns what is to be read of it.
func inert(t *testing.T, page, elements string) string {
	t.Helper()
	allowed := strings.Fields(elements)
	var text strings.Builder
	depth := 0 // in script or style
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return text.String()
		case html.TextToken:
			if depth == 0 {
				text.WriteString(string(z.Text()))
			}
		case html.CommentToken:
			t.Errorf("a comment: %s", z.Raw())
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == "script" || string(name) == "style" {
				depth--
			}
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			if !slices.Contains(allowed, token.Data) {
				t.Errorf("an element %s", token)
			}
			if token.Data == "script" || token.Data == "style" {
				depth++
			}
			for _, a := range token.Attr {
				if a.Key == "src" || a.Key == "style" || strings.HasPrefix(a.Key, "on") || a.Key == "href" && !strings.HasPrefix(a.Val, "#") {
					t.Errorf("an attribute of %s", token)
				}
			}
		case html.DoctypeToken:
		}
	}
}
