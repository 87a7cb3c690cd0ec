package tui

import (
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"bunnyhop/steps/facts"
)

// backupsListWidth is what the list needs with all of its columns.
const backupsListWidth = 68

// bucketListWidth is that with the column that says where each is, which at
// least roomyWidth is needed for beside the detail.
const bucketListWidth, roomyWidth = backupsListWidth + 8, 140

// aboutColumn is where the values about the selected one begin.
const aboutColumn = 11

// View implements screen.
func (s *backupsScreen) View() string {
	c := s.c
	_, b := s.selected()
	said := s.bucketLine(s.w)
	if s.gone != "" {
		said = c.clip(wrap(s.gone, s.w-2), 2)
		for i := range said {
			said[i] = c.st.strong.Render(said[i])
		}
		said = indent(c.st.ok.Render(c.g.done)+" ", said)
	}
	if said == nil {
		said = []string{""}
	}
	var body []string
	switch {
	case !s.loaded && len(s.all.Backups) == 0:
		body = []string{c.glyph(stepRunning) + " " + c.st.plain.Render("reading the backups "+c.g.more)}
	case s.err != nil:
		body = c.problem(s.err, min(s.w, measure))
	case b == nil:
		body = s.empty()
	default:
		body = s.body(b, s.h-1-len(said))
	}
	lines := append([]string{c.title("Backups", s.summary(), s.w)}, said...)
	return strings.Join(append(lines, body...), "\n")
}

// body is the list, and what there is to say about the selected one.
func (s *backupsScreen) body(b *Backup, h int) []string {
	area := splitPane(s.w, h, len(s.shown.Backups)+1)
	if area.side {
		area.listW = max(backupsListWidth, min(area.listW, backupsListWidth+10))
		if s.here.Bucket != "" && s.w >= roomyWidth {
			area.listW = bucketListWidth
		}
		area.detailW = s.w - area.listW - 3
	}
	s.list.resize(len(s.shown.Backups), area.listH-1)
	rows := append([]string{s.heading(area.listW)}, s.rows(area.listW)...)
	about := s.detail.show(b.key(), s.about(b, area.detailW), area.detailW, area.detailH)
	return area.join(s.c, rows, about, b.ID, s.detail.more())
}

// summary is the right end of the title.
func (s *backupsScreen) summary() string {
	if !s.loaded || s.err != nil || len(s.shown.Backups) == 0 {
		return ""
	}
	parts := []string{plural(len(s.shown.Backups), "backup", "backups")}
	if text := s.placesText(); text != "" {
		parts = append(parts, text)
	}
	if where := s.list.where(s.c); where != "" {
		parts = append(parts, where)
	}
	return strings.Join(parts, " "+s.c.g.dot+" ")
}

func (s *backupsScreen) empty() []string {
	c, w := s.c, min(s.w, measure)
	lines := append(wrap("This project has no backups "+s.emptyWhere()+".", w), "")
	lines = append(lines, c.row("folder", s.shown.Folder, w)...)
	if s.shown.Bucket != "" {
		lines = append(lines, c.row("bucket", s.bucketText(), w)...)
	}
	return append(append(lines, ""), dimmed(c, wrap("\"Back up\" on the first screen makes one and proves it by restoring it. An upgrade makes one by itself.", w))...)
}

// backupColumn is a column of the list. Those of the lowest rank are left out
// first where there is no room.
type backupColumn struct {
	name    string
	w, rank int
	right   bool
	cell    func(*backupsScreen, *Backup) string
}

var backupColumns = []backupColumn{
	{"age", 8, 2, false, func(s *backupsScreen, b *Backup) string {
		if b.Created.IsZero() {
			return s.c.g.missing
		}
		return age(s.c.now().Sub(b.Created))
	}},
	{"made", 17, 5, false, func(s *backupsScreen, b *Backup) string {
		if b.Created.IsZero() {
			return s.c.g.missing
		}
		return b.Created.Local().Format("_2 Jan 2006 15:04")
	}},
	{"directus", 9, 3, false, func(s *backupsScreen, b *Backup) string { return s.c.orMissing(b.Directus) }},
	{"kind", 5, 1, false, func(s *backupsScreen, b *Backup) string { return b.kind(s.c) }},
	{"size", 7, 4, true, func(s *backupsScreen, b *Backup) string {
		if b.State != BackupWhole {
			return s.c.g.missing
		}
		return size(b.Bytes)
	}},
}

// whereColumn is there only with a bucket.
var whereColumn = backupColumn{"where", 7, 6, false, (*backupsScreen).where}

// stateWidth is the room for the last column: a sign and some words.
const stateWidth = 14

// columns are the columns that w has room for, the state not among them.
func (s *backupsScreen) columns(w int) []backupColumn {
	all := backupColumns
	if s.here.Bucket != "" {
		all = append(slices.Clone(all), whereColumn)
	}
	for rank := 0; ; rank++ {
		var fit []backupColumn
		need := 2 + stateWidth
		for _, col := range all {
			if col.rank > rank {
				fit = append(fit, col)
				need += col.w + 1
			}
		}
		if need <= w || len(fit) <= 1 {
			return fit
		}
	}
}

func (s *backupsScreen) heading(w int) string {
	c := s.c
	line := "  "
	for _, col := range s.columns(w) {
		name := c.fit(col.name, col.w)
		if col.right {
			name = c.right(col.name, col.w)
		}
		line += name + " "
	}
	return c.st.dim.Render(c.cut(line+"state", w))
}

func (s *backupsScreen) rows(w int) []string {
	c := s.c
	from, to := s.list.window()
	var lines []string
	for i := from; i < to; i++ {
		b := &s.shown.Backups[i]
		line := ""
		for _, col := range s.columns(w) {
			cell := c.fit(col.cell(s, b), col.w)
			if col.right {
				cell = c.right(col.cell(s, b), col.w)
			}
			line += c.st.plain.Render(cell) + " "
		}
		lines = append(lines, c.listRow(line+s.state(i), i == s.list.at, w))
	}
	return lines
}

// state is what a backup is worth, in a sign and a word.
func (s *backupsScreen) state(i int) string {
	c, b, raw := s.c, &s.shown.Backups[i], &s.all.Backups[i]
	bad, badCopy := s.bad(raw)
	switch {
	case s.job != nil && s.job.of.key() == raw.key():
		return c.glyph(stepRunning) + " " + c.st.plain.Render(s.job.kind.word())
	case bad, badCopy && raw.Dir == "", b.State == BackupDamaged:
		return c.st.fail.Render(c.g.failed + " " + string(BackupDamaged))
	case b.State != BackupWhole:
		return c.st.alert.Render(c.g.warn + " " + string(b.State))
	case b.Proof != nil:
		return c.st.ok.Render(c.g.done) + " " + c.st.plain.Render("proved")
	}
	return c.st.hint.Render(c.g.waiting + " not proved")
}

func (k backupJobKind) word() string {
	switch k {
	case jobVerify, jobVerifyCopy:
		return "verifying"
	case jobSend:
		return "sending"
	case jobFetch, jobRestore:
		return "fetching"
	case jobProve:
		return "proving"
	case jobRemove:
		return "removing"
	case jobLookRemove:
	}
	return "looking"
}

func (b *Backup) kind(c *common) string {
	switch {
	case b.State != BackupWhole:
		return c.g.missing
	case b.Full:
		return "full"
	}
	return "db"
}

// about is everything about a backup: what is done with it or was, and then
// what its manifest says.
func (s *backupsScreen) about(b *Backup, w int) []string {
	c := s.c
	w = min(w, measure)
	lines := s.doing(w)
	if s.question != nil {
		lines = s.question.lines(c, w)
	}
	if b.State != BackupWhole {
		lines = append(append(lines, c.failureAt(aboutColumn, string(b.State)+": "+b.Problem, "", b.Hint, w)...), "")
	}
	add := func(label, value string) {
		if value != "" {
			lines = append(lines, c.rowAt(aboutColumn, label, value, w)...)
		}
	}
	add("made", c.madeText(b))
	if b.State == BackupWhole {
		add("directus", c.orMissing(b.Directus))
		add("database", c.orMissing(b.Database))
		add("kind", b.kindText())
		add("proved", s.proofText(b))
		lines = append(lines, s.aboutCopy(b, w)...)
		lines = append(append(lines, ""), c.partTable(b, w)...)
		lines = append(lines, "")
		if b.Shared > 0 {
			add("shared", size(b.Shared)+" of it with earlier backups, and stored once")
		}
		s.several(&lines, "skipped", b.Skipped, w)
		s.several(&lines, "external", b.External, w)
		add("dumped by", b.Tool)
		add("run", b.Run)
	}
	if home := c.home.Root; home != "" && b.Project != "" && b.Project != home {
		add("project", b.Project+" (another one)")
	}
	add("folder", b.Dir)
	if b.Copy != nil {
		add("bucket", s.shown.Bucket)
	}
	return lines
}

// several lists several values under one label, and says how many are left out.
func (s *backupsScreen) several(lines *[]string, label string, values []string, w int) {
	const most = 5
	for i, value := range values {
		if i == most {
			*lines = append(*lines, s.c.rowAt(aboutColumn, "", "and "+count(len(values)-most)+" more", w)...)
			return
		}
		*lines = append(*lines, s.c.rowAt(aboutColumn, label, value, w)...)
		label = ""
	}
}

func (b *Backup) kindText() string {
	if b.Full {
		return "full"
	}
	return "database only, taken while the server was stopped"
}

// proofText is what is known of a backup's proof, after what was found just now.
func (s *backupsScreen) proofText(b *Backup) string {
	raw, _ := s.selected()
	bad, badCopy := s.bad(raw)
	switch {
	case bad, badCopy && raw.Dir == "":
		return "no, see above"
	case b.Proof == nil:
		return "not yet; that takes a restore into a scratch database"
	}
	return b.proofText()
}

func (b *Backup) proofText() string {
	if b.Proof == nil {
		return "not yet"
	}
	text := b.Proof.At.Local().Format("2 January 2006, 15:04") + ": " + plural(b.Proof.Tables, "table", "tables") + ", " + plural(b.Proof.Rows, "row", "rows") + " equal"
	if n := b.Proof.ForeignKeys; n > 0 {
		text += "; " + plural(n, "reference leads", "references lead") + " nowhere, as in the original"
	}
	return text
}

// partTable is what of the four parts is in the backup.
func (c *common) partTable(b *Backup, w int) []string {
	w = min(w, 76)
	dim := c.st.dim.Render
	lines := []string{c.partRow(" ", dim("part"), dim("in it"), dim("size"), dim("files"), w)}
	for _, part := range b.Parts {
		if part.Included {
			ink := c.st.plain.Render
			lines = append(lines, c.partRow(c.st.ok.Render(c.g.done), ink(part.Name), ink("yes"), ink(size(part.Bytes)), ink(count(part.Files)), w))
			continue
		}
		lines = append(lines, c.missingPart(part, w)...)
	}
	return lines
}

// missingPart says why a part is not in a backup.
func (c *common) missingPart(part facts.BackupPart, w int) []string {
	const column = 23
	reason := wrap(part.Reason, w-column)
	if len(reason) == 0 {
		reason = []string{""}
	}
	name := c.st.alert.Render(c.g.missing) + " " + c.fit(c.st.plain.Render(part.Name), 13) + c.fit(c.st.alert.Render("no"), 8)
	return indent(name, dimmed(c, reason))
}

// age is how long ago something was, in the unit in which limits on backups
// are given, or in smaller ones before that.
func age(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return count(int(d/time.Minute)) + " min"
	case d < 2*day:
		return count(int(d/time.Hour)) + " h"
	}
	return count(int(d/day)) + " days"
}

// madeText is when a backup was made.
func (c *common) madeText(b *Backup) string {
	if b.Created.IsZero() {
		return "not known"
	}
	ago := age(c.now().Sub(b.Created))
	if ago == "now" {
		ago = "just now"
	} else {
		ago += " ago"
	}
	return b.Created.Local().Format("2 January 2006, 15:04") + " (" + ago + ")"
}

func (c *common) orMissing(s string) string {
	if strings.TrimSpace(ansi.Strip(s)) == "" {
		return c.g.missing
	}
	return s
}
