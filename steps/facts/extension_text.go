package facts

import (
	"cmp"
	"fmt"
	"strings"
)

// sources are the kinds of Extension.Source in words.
var sources = map[string]string{"local": "in a folder", "registry": "from the marketplace", "module": "a package of the project"}

// Lines say of an extension, in this order: what it is, whether it fits, and
// what about it needs a look. Directus is the target version.
func (e CheckedExtension) Lines(directus string) []string {
	what := []string{cmp.Or(e.Type, "of no type")}
	if e.Version != "" {
		what = append(what, e.Version)
	}
	if s := cmp.Or(sources[e.Source], e.Source); s != "" {
		what = append(what, s)
	}
	if len(e.Entries) > 0 {
		what = append(what, "with "+strings.Join(e.Entries, ", "))
	}
	if e.Sandboxed {
		what = append(what, "sandboxed")
	}
	if e.Off {
		what = append(what, "switched off")
	}
	if len(e.PartsOff) > 0 && !e.Off {
		what = append(what, "of which "+strings.Join(e.PartsOff, ", ")+" switched off")
	}
	lines := []string{strings.Join(what, " · ")}
	switch e.Fits {
	case FitsYes:
		lines = append(lines, fmt.Sprintf("made for %s, which takes %s", e.Host, directus))
	case FitsNo:
		lines = append(lines, fmt.Sprintf("made for %s, which does not take %s (Directus loads it all the same)", e.Host, directus))
	default:
		lines = append(lines, "does not say for which Directus it is made")
	}
	switch {
	case e.Newest != "" && e.Newest == e.Version:
		lines = append(lines, "it is the newest that fits"+inBrackets(e.NewestWhy))
	case e.Newest != "":
		lines = append(lines, fmt.Sprintf("newest that fits: %s, made for %s%s", e.Newest, e.NewestHost, inBrackets(e.NewestWhy)))
	case e.NewestWhy != "":
		lines = append(lines, "newest that fits: "+e.NewestWhy)
	}
	if e.Problem != "" {
		lines = append(lines, "problem: "+e.Problem)
	}
	for _, use := range e.Uses {
		verb := "affected"
		if use.Uncertain {
			verb = "to look at"
		}
		lines = append(lines, fmt.Sprintf("%s: %s (%s): %s", verb, use.Title, use.ID, strings.Join(use.Evidence, "; ")))
	}
	return lines
}

// Needs reports whether something about the extension asks for a look.
func (e CheckedExtension) Needs() bool {
	if e.Problem != "" || e.Fits == FitsNo {
		return true
	}
	for _, use := range e.Uses {
		if !use.Uncertain {
			return true
		}
	}
	return false
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}
