package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/Masterminds/semver/v3"
	"github.com/charmbracelet/x/ansi"

	"bunnyhop/internal/advisory"
	"bunnyhop/steps/facts"
)

// The columns of the list of versions.
const (
	versionWidth  = 10
	releasedWidth = 12
	nodeWidth     = 9
	tallyWidth    = 9
	notesWidth    = 60 // of the notes at least, where they stand beside the list
)

// View implements screen.
func (s *versionScreen) View() string {
	c := s.c
	found := plural(len(s.releases.Rows), "version", "versions")
	if s.releases.Stale != nil {
		found = "as of " + date(*s.releases.Stale) + ", the registry does not answer"
	}
	lines := []string{c.title(cleanText(s.gate.Title), found, s.w)}
	advice := wrap(cleanText(s.gate.Text), s.w)
	if rec := s.releases.Recommended; rec != "" { // why, stands in its notes
		advice = []string{c.cut(fmt.Sprintf("Directus %s is installed; %s is recommended.", s.releases.Installed, rec), s.w)}
	}
	lines = append(lines, dimmed(c, advice)...)
	lines = append(lines, "")
	lines = append(lines, s.filter.line(c, s.w)...)
	area := splitPane(s.w, s.h-len(lines)-1, len(s.rows))
	if area.side {
		area.listW = min(area.listW, versionWidth+releasedWidth+nodeWidth+2*tallyWidth+18)
		area.detailW = s.w - area.listW - 3
	}
	s.list.resize(len(s.rows), area.listH-1)
	rows := []string{s.heads(area.listW)}
	from, to := s.list.window()
	for i := from; i < to; i++ {
		rows = append(rows, c.listRow(s.row(s.rows[i], area.listW-2), i == s.list.at, area.listW))
	}
	if len(s.rows) == 0 {
		rows = append(rows, c.st.hint.Render("  nothing matches"))
	}
	of, about := s.about(area.detailW)
	about = s.detail.show(of, about, area.detailW, area.detailH)
	return strings.Join(append(lines, area.join(c, rows, about, "", joinWords(s.list.where(c), s.detail.more()))...), "\n")
}

// heads name the columns.
func (s *versionScreen) heads(w int) string {
	c := s.c
	text := strings.Repeat(" ", 4) + c.fit("version", versionWidth) + c.fit("released", releasedWidth) + c.fit("Node", nodeWidth) +
		c.fit("blockers", tallyWidth) + "warnings"
	return c.st.hint.Render(c.fit(text, w))
}

// row is a heading or a release in one line.
func (s *versionScreen) row(r versionRow, w int) string {
	c := s.c
	if r.release < 0 {
		return s.major(s.majors[r.major], w)
	}
	one := s.releases.Rows[r.release]
	tag := s.tag(one)
	name := c.st.plain
	switch {
	case one.Missing != "":
		name = c.st.hint
	case one.Version == s.releases.Recommended:
		name = c.st.strong
	}
	text := "  " + name.Render(c.fit(one.Version, versionWidth)) + c.st.dim.Render(c.fit(date(one.Date), releasedWidth)+c.fit(strings.ReplaceAll(nodeMajors(one.Node), ", ", "/"), nodeWidth))
	word := tag.style.Render(tag.word)
	tallies := s.tallies(one)
	if rest := w - ansi.StringWidth(text); rest < ansi.StringWidth(tallies)+ansi.StringWidth(tag.word) {
		word = tag.style.Render(tag.sign)
	}
	return c.ends(text+tallies, word, w)
}

// tallies are the numbers of blockers and warnings.
func (s *versionScreen) tallies(one facts.Release) string {
	c := s.c
	if one.Missing != "" {
		return strings.Repeat(" ", 2*tallyWidth)
	}
	found, known := s.expected(one.Version)
	if !known {
		return c.st.hint.Render(c.fit(c.g.more, tallyWidth) + c.fit(c.g.more, tallyWidth))
	}
	tally := advisory.TallyOf(found)
	number := func(n int, sign string, style lipgloss.Style) string {
		if n == 0 {
			return c.st.hint.Render(c.fit(c.g.missing, tallyWidth))
		}
		return style.Render(c.fit(sign+" "+strconv.Itoa(n), tallyWidth))
	}
	return number(tally.Blockers, c.g.failed, c.st.fail) + number(tally.Warnings, c.g.warn, c.st.alert)
}

// versionTag is what stands at the end of a version's line.
type versionTag struct {
	word, sign string
	style      lipgloss.Style
}

func (s *versionScreen) tag(r facts.Release) versionTag {
	c := s.c
	switch {
	case r.Missing != "":
		return versionTag{"not possible", c.g.blocked, c.st.hint}
	case r.KnownBad != "":
		return versionTag{"known bad", c.g.failed, c.st.fail}
	case r.Deprecated != "":
		return versionTag{"deprecated", c.g.failed, c.st.alert}
	case r.Version == s.releases.Recommended:
		return versionTag{"recommended", c.g.accepted, c.st.ok}
	case r.Young:
		return versionTag{"young", c.g.warn, c.st.alert}
	case len(r.Node) == 0:
		return versionTag{"not tested", c.g.open, c.st.hint}
	}
	return versionTag{}
}

// major is a heading.
func (s *versionScreen) major(m versionMajor, w int) string {
	c := s.c
	sign := c.g.unfolded
	if m.folded && !s.filter.on() {
		sign = c.g.folded
	}
	right := plural(m.hits, "version", "versions")
	if m.hits < len(m.members) {
		right = count(m.hits) + " of " + plural(len(m.members), "version", "versions")
	}
	return c.ends(c.st.mark.Render(sign)+" "+c.st.strong.Render("Directus "+m.major), c.st.hint.Render(right), w)
}

// about is what is under the cursor at length, and by which name it goes.
func (s *versionScreen) about(w int) (of string, lines []string) {
	here, ok := s.here()
	switch {
	case !ok:
		return "", nil
	case here.release < 0:
		return "major " + s.majors[here.major].major, s.aboutMajor(s.majors[here.major], w)
	}
	return s.releases.Rows[here.release].Version, s.aboutRelease(here.release, w)
}

func (s *versionScreen) aboutRelease(at, w int) []string {
	c, r := s.c, s.releases.Rows[at]
	lines := []string{c.st.strong.Render(c.cut("Directus "+r.Version, w))}
	add := func(style lipgloss.Style, text string) {
		for _, line := range wrap(text, w) {
			lines = append(lines, style.Render(line))
		}
	}
	if r.Missing != "" {
		add(c.st.alert, "not possible: "+r.Missing)
	}
	if r.KnownBad != "" {
		add(c.st.fail, "known to be bad: "+r.KnownBad)
		add(c.st.dim, "The check will have it as a blocker that you can override.")
	}
	if r.Deprecated != "" {
		add(c.st.alert, "deprecated by its makers: "+r.Deprecated)
	}
	if r.Young {
		add(c.st.alert, fmt.Sprintf("younger than %s: you will be asked whether to take it", plural(s.releases.MinimumAgeDays, "day", "days")))
	}
	found, known := s.expected(r.Version)
	finds := c.spin.View() + " being looked at"
	if known {
		finds = tallyText(advisory.TallyOf(found))
	}
	lines = append(lines, c.row("a check finds", finds, w)...)
	lines = append(lines, s.needs(r, w)...)
	if r.Version == s.releases.Recommended {
		lines = append(lines, "")
		add(c.st.ok, "recommended: "+s.releases.Reason)
	}
	if !known {
		return lines
	}
	fresh := slices.DeleteFunc(slices.Clone(found), func(e advisory.Expected) bool { return !s.brings(at, e) })
	rest := slices.DeleteFunc(slices.Clone(found), func(e advisory.Expected) bool { return s.brings(at, e) || e.Untold || e.Severity == advisory.Note })
	lines = append(lines, s.section("what "+r.Version+" itself changes for this project", fresh, "nothing that is known", w)...)
	return append(lines, s.section("and what else is on the way there", rest, "nothing that asks for anything", w)...)
}

// needs are the facts of a release.
func (s *versionScreen) needs(r facts.Release, w int) []string {
	c := s.c
	released := date(r.Date)
	if !r.Date.IsZero() {
		released += ", " + sinceThen(s.c.now().Sub(r.Date))
	}
	lines := c.row("released", released, w)
	node := nodeMajors(r.Node)
	if node == "" {
		node = "no Node is known to work with it"
	} else {
		node = "Node " + node
		if now := s.nodeNow(); now != "" && !slices.ContainsFunc(r.Node, func(major int) bool { return strings.HasPrefix(now, strconv.Itoa(major)+".") }) {
			node += "; " + now + " runs the project now, the right one is fetched"
		}
	}
	lines = append(lines, c.row("needs", node, w)...)
	engines := []string{}
	if r.Engine != "" {
		engines = append(engines, "node "+r.Engine)
	}
	if r.NPM != "" {
		engines = append(engines, "npm "+r.NPM)
	}
	lines = append(lines, c.row("npm engines", strings.Join(engines, ", "), w)...)
	return append(lines, c.row("migrations", plural(r.Migrations, "would run", "would run"), w)...)
}

// nodeNow is the Node that runs the project, without a leading v.
func (s *versionScreen) nodeNow() string {
	if i := s.c.rec.facts.inspection; i != nil {
		return strings.TrimPrefix(i.Node, "v")
	}
	return ""
}

// brings reports whether a release, and none of those below it in the list,
// brings what a finding is about.
func (s *versionScreen) brings(at int, e advisory.Expected) bool {
	since, err := semver.NewVersion(e.Version)
	if err != nil {
		return false // it holds for any jump
	}
	below := s.releases.Installed
	if at+1 < len(s.releases.Rows) {
		below = s.releases.Rows[at+1].Version
	}
	lower, err := semver.NewVersion(below)
	return err == nil && since.GreaterThan(lower)
}

func (s *versionScreen) section(title string, found []advisory.Expected, none string, w int) []string {
	c := s.c
	lines := []string{"", c.st.dim.Render(c.cut(title, w))}
	if len(found) == 0 {
		return append(lines, c.st.hint.Render(c.cut(none, w)))
	}
	for _, e := range found {
		text := e.Title
		if e.Version != "" {
			text += " (" + e.Version + ")"
		}
		for i, line := range wrap(text, w-2) {
			sign := "  "
			if i == 0 {
				sign = c.expectedSign(e) + " "
			}
			lines = append(lines, sign+c.st.plain.Render(line))
		}
	}
	return lines
}

// expectedSign is how grave a finding would be.
func (c *common) expectedSign(e advisory.Expected) string {
	switch {
	case e.Untold:
		return c.st.note.Render(c.g.open)
	case e.Severity == advisory.Blocker:
		return c.st.fail.Render(c.g.failed)
	case e.Severity == advisory.Warning:
		return c.st.alert.Render(c.g.warn)
	}
	return c.st.note.Render(c.g.note)
}

func (s *versionScreen) aboutMajor(m versionMajor, w int) []string {
	c := s.c
	newest, oldest := s.releases.Rows[m.members[0]], s.releases.Rows[m.members[len(m.members)-1]]
	lines := []string{c.st.strong.Render(c.cut("Directus "+m.major, w)), ""}
	lines = append(lines, c.row("versions", fmt.Sprintf("%d, from %s to %s", len(m.members), oldest.Version, newest.Version), w)...)
	if rec := s.releases.Recommended; strings.HasPrefix(rec, m.major+".") {
		lines = append(lines, c.row("recommended", rec+", "+s.releases.Reason, w)...)
	}
	found, known := s.expected(newest.Version)
	if !known {
		return lines
	}
	own := slices.DeleteFunc(slices.Clone(found), func(e advisory.Expected) bool {
		return !strings.HasPrefix(e.Version, m.major+".") || e.Untold
	})
	return append(lines, s.section("what "+m.major+" changes for this project, up to "+newest.Version, own, "nothing that is known", w)...)
}

func tallyText(t advisory.Tally) string {
	parts := []string{plural(t.Blockers, "blocker", "blockers"), plural(t.Warnings, "warning", "warnings"), plural(t.Notes, "note", "notes")}
	if t.Untold > 0 {
		parts = append(parts, count(t.Untold)+" that cannot be told from here")
	}
	return strings.Join(parts, ", ")
}

func nodeMajors(majors []int) string {
	texts := make([]string, len(majors))
	for i, major := range majors {
		texts[i] = strconv.Itoa(major)
	}
	return strings.Join(texts, ", ")
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02")
}

// sinceThen is how long ago a release was, in the largest unit that fits.
func sinceThen(d time.Duration) string {
	days := int(d / (24 * time.Hour))
	switch {
	case days < 1:
		return "today"
	case days < 60:
		return plural(days, "day", "days") + " ago"
	case days < 730:
		return plural(days/30, "month", "months") + " ago"
	}
	return plural(days/365, "year", "years") + " ago"
}
