package report

import (
	"bufio"
	"crypto/sha256"
	_ "embed" // the page's parts
	"encoding/base64"
	"html/template"
	"io"
)

var (
	//go:embed page.tmpl
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page.js
	pageScript string
)

// manyDestructive is how many destructive changes stand at the top.
const manyDestructive = 200

// htmlPage is a page with what its template needs beside it.
type htmlPage struct {
	*page
	Policy string
	Style  template.CSS
	Script template.JS
}

// DestructiveShown are those that stand at the top.
func (p htmlPage) DestructiveShown() []*entry {
	return p.Destructive[:min(manyDestructive, len(p.Destructive))]
}

// DestructiveMore is how many of them stand only below.
func (p htmlPage) DestructiveMore() int { return max(0, len(p.Destructive)-manyDestructive) }

// item is a change with what the page decides about it.
type item struct {
	Entry  *entry
	Folded bool
}

var pages = template.Must(template.New("page").Funcs(template.FuncMap{
	"count":   count,
	"plural":  plural,
	"outside": outside,
	"noisy":   noisy,
	"item":    func(e *entry, folded bool) item { return item{e, folded} },
}).Parse(pageTemplate))

// HTML writes the report as one HTML file that loads nothing. All of it can be
// read without JavaScript, which only filters and folds; nothing runs that is
// not named by its hash in the file's Content-Security-Policy.
func (r Review) HTML(w io.Writer) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	err := pages.Execute(buffered, htmlPage{
		page:   newPage(r),
		Policy: "default-src 'none'; style-src " + hash(pageStyle) + "; script-src " + hash(pageScript) + "; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(pageStyle), //nolint:gosec // a constant
		Script: template.JS(pageScript), //nolint:gosec // a constant
	})
	if err != nil {
		return err
	}
	return buffered.Flush()
}

// hash names an inline part of a page in its policy.
func hash(part string) string {
	sum := sha256.Sum256([]byte(part))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func outside(n int) string {
	return plural(n, "difference is", "differences are") + " outside of the mode."
}

func noisy(n int) string {
	return plural(n, "difference is", "differences are") + " noise between versions."
}
