package tui

import (
	"fmt"
	"strings"

	"bunnyhop/steps/facts"
)

// inspectScreen shows the project as it was found.
type inspectScreen struct{ stepBase }

func newInspectScreen(c *common, s *stepRecord) screen { return &inspectScreen{newStepBase(c, s)} }

// View implements screen.
func (s *inspectScreen) View() string {
	f := s.c.rec.facts.inspection
	if f == nil {
		return s.render(nil)
	}
	return s.render(s.found(f))
}

func (s *inspectScreen) found(f *facts.Inspection) []string {
	c := s.c
	w := min(s.w, measure)
	var lines []string
	add := func(label string, parts ...string) {
		lines = append(lines, c.row(label, strings.Join(nonEmpty(parts...), " "+c.g.dot+" "), w)...)
	}
	add("project", f.Name)
	add("folder", f.Root)
	running := ""
	if f.Running != "" {
		running = f.Running + " running"
	}
	declared := ""
	if f.Declared != "" {
		declared = f.Declared + " declared"
	}
	add("directus", f.Installed+" installed", declared, running)
	node := ""
	if f.Node != "" {
		node = "Node " + f.Node
	}
	add("installed by", f.Installation, node)
	add("database", strings.TrimSpace(f.Vendor+" "+f.ServerVersion), f.Database, size(f.DatabaseBytes))
	add("content", plural(f.Collections, "collection", "collections"), plural(f.Users, "user", "users"))
	custom := "none of your own"
	if n := len(f.CustomMigrated); n > 0 {
		custom = count(n) + " of your own"
	}
	add("migrations", count(len(f.Recorded))+" recorded", custom)
	state := "not running"
	if f.Server.Running {
		state = "running"
	}
	if f.Server.Kind == "none" {
		add("server", state)
	} else {
		add("server", f.Server.Description, state)
	}
	add("extensions", s.extensions(f.Extensions))
	for i, loc := range f.Storage {
		label := ""
		if i == 0 {
			label = "storage"
		}
		add(label, loc.Name+" ("+loc.Driver+")", loc.Place, s.storage(loc))
		if loc.Missing > 0 {
			add("", c.g.warn+" "+missingFiles(loc))
		}
	}
	if s.h-len(lines) > 12 && len(f.Extensions) > 0 {
		lines = append(lines, "", c.st.dim.Render("extensions"))
		for _, e := range f.Extensions {
			lines = append(lines, s.extension(e, w))
		}
	}
	return lines
}

func (s *inspectScreen) storage(loc facts.Storage) string {
	if loc.External {
		text := plural(loc.Rows, "file", "files") + ", external: a backup does not copy them"
		if loc.Reason != "" {
			text += " (" + loc.Reason + ")"
		}
		return text
	}
	if loc.Fault != "" {
		return plural(loc.Rows, "file", "files") + " in the database, cannot be read: " + loc.Fault
	}
	text := plural(loc.Files, "file", "files") + ", " + size(loc.Bytes)
	if loc.Rows > 0 && loc.Rows != loc.Files {
		text += fmt.Sprintf(", %s in the database", count(loc.Rows))
	}
	if loc.Extra > 0 {
		text += fmt.Sprintf(", %s not known to it", count(loc.Extra))
	}
	return text
}

// missingFiles says for how many rows there is no file, and names the first.
func missingFiles(loc facts.Storage) string {
	text := plural(loc.Missing, "row of directus_files has", "rows of directus_files have") + " no file there"
	if len(loc.MissingNames) == 0 {
		return text
	}
	text += ": " + strings.Join(loc.MissingNames, ", ")
	if more := loc.Missing - int64(len(loc.MissingNames)); more > 0 {
		text += " and " + count(more) + " more"
	}
	return text
}

func (s *inspectScreen) extensions(all []facts.Extension) string {
	if len(all) == 0 {
		return "none"
	}
	broken := 0
	for _, e := range all {
		if e.Problem != "" {
			broken++
		}
	}
	text := count(len(all))
	if broken > 0 {
		text += ", " + count(broken) + " with a problem"
	}
	return text
}

func (s *inspectScreen) extension(e facts.Extension, w int) string {
	c := s.c
	about := strings.Join(nonEmpty(e.Type, e.Version), " ")
	if e.Problem != "" {
		return c.st.alert.Render(c.g.warn) + " " + c.fit(e.Name, 30) + " " + c.st.alert.Render(c.cut(e.Problem, w-33))
	}
	return c.st.ok.Render(c.g.done) + " " + c.fit(e.Name, 30) + " " + c.st.dim.Render(c.cut(about, w-33))
}
