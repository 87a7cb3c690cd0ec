package directus

import (
	"fmt"
	"slices"
	"strings"
)

// systemTables names every table that Directus 9.0 to 12.4.0 makes for itself
// and the migration that makes it; "" is the seed of a new installation
// (@directus/api 12.4.0, dist/database/seeds and dist/database/migrations).
// It is a list on purpose: a user's table may well begin with "directus_".
var systemTables = map[string]string{
	"directus_access":              "20240806A",
	"directus_activity":            "",
	"directus_collections":         "",
	"directus_comments":            "20240909A",
	"directus_dashboards":          "20210525A",
	"directus_deployment_projects": "20260204A",
	"directus_deployment_runs":     "20260204A",
	"directus_deployments":         "20260204A",
	"directus_extensions":          "20231010A",
	"directus_fields":              "",
	"directus_files":               "",
	"directus_flows":               "20220429A",
	"directus_folders":             "",
	"directus_migrations":          "",
	"directus_notifications":       "20211118A",
	"directus_oauth_clients":       "20260512B",
	"directus_oauth_codes":         "20260512B",
	"directus_oauth_consents":      "20260512B",
	"directus_oauth_tokens":        "20260512B",
	"directus_operations":          "20220429A",
	"directus_panels":              "20210525A",
	"directus_permissions":         "",
	"directus_policies":            "20240806A",
	"directus_presets":             "",
	"directus_relations":           "",
	"directus_revisions":           "",
	"directus_roles":               "",
	"directus_sessions":            "",
	"directus_settings":            "",
	"directus_shares":              "20211211A",
	"directus_translations":        "20230526A",
	"directus_users":               "",
	"directus_versions":            "20230823A",
	"directus_webhooks":            "", // dropped by 20251224A (11.14)
}

// SystemTable reports whether a table is one of Directus' own, in any version
// from 9.0 to 12.4.0.
func SystemTable(name string) bool {
	_, ok := systemTables[name]
	return ok
}

// SystemTables lists all of them in order.
func SystemTables() []string {
	names := make([]string, 0, len(systemTables))
	for name := range systemTables {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Newer says in which way a database is newer than the code installed for it.
type Newer struct {
	Installed  string
	Migrations []Migration // recorded, but unknown to the installed code
	Tables     []string    // system tables that only later code makes
}

// Evidence is the proof, one item a line.
func (n *Newer) Evidence() []string {
	var lines []string
	for _, m := range n.Migrations {
		line := "migration " + m.ID
		if m.Title != "" {
			line += " (" + m.Title + ")"
		}
		line += fmt.Sprintf(" is recorded, but Directus %s does not have it", n.Installed)
		if m.FirstIn != "" {
			line += "; it came with " + m.FirstIn + " or a little before"
		}
		lines = append(lines, line)
	}
	for _, table := range n.Tables {
		lines = append(lines, fmt.Sprintf("table %s exists, but Directus %s does not make it", table, n.Installed))
	}
	return lines
}

// NewerThanCode compares what a database holds with what the installed code
// brings, and returns nil unless the database is newer: it has a recorded
// migration of Directus, or a system table, that the code does not know.
// Recorded ids that look like a project's own, whose file is gone, are no such
// sign; Orphans lists them.
func NewerThanCode(recorded []string, shipped, custom []Migration, tables []string, installed string) *Newer {
	newer := Newer{Installed: installed}
	ships := idSet(shipped)
	for _, id := range unknown(recorded, shipped, custom) {
		if !looksCore(id, shipped) {
			continue
		}
		m, known := catalogueByID()[id]
		if !known {
			m = Migration{ID: id}
		}
		newer.Migrations = append(newer.Migrations, m)
	}
	for _, table := range tables {
		if by := systemTables[table]; by != "" && !ships[by] {
			newer.Tables = append(newer.Tables, table)
		}
	}
	slices.Sort(newer.Tables)
	if len(newer.Migrations) == 0 && len(newer.Tables) == 0 {
		return nil
	}
	return &newer
}

// Orphans lists recorded ids that neither the code nor the project's files
// know and that do not look like Directus' own: a custom migration ran whose
// file was removed. Directus does not mind.
func Orphans(recorded []string, shipped, custom []Migration) []string {
	var orphans []string
	for _, id := range unknown(recorded, shipped, custom) {
		if !looksCore(id, shipped) {
			orphans = append(orphans, id)
		}
	}
	return orphans
}

func unknown(recorded []string, shipped, custom []Migration) []string {
	known := idSet(shipped)
	for _, m := range custom {
		known[m.ID] = true
	}
	var ids []string
	for _, id := range recorded {
		if !known[id] {
			ids = append(ids, id)
		}
	}
	return ids
}

// looksCore reports whether an unknown id is Directus' own: it is in the
// catalogue, or it has the form of one and is later than all that are shipped.
// The form alone is not enough, since projects use it for their own, too.
func looksCore(id string, shipped []Migration) bool {
	if _, ok := catalogueByID()[id]; ok {
		return true
	}
	if len(shipped) == 0 || !coreFile.MatchString(id+"-x.js") || len(id) != len("20240806A") {
		return false
	}
	last := shipped[len(shipped)-1].ID
	newest := catalogue()[len(catalogue())-1].ID
	return strings.Compare(id, last) > 0 && strings.Compare(id, newest) > 0
}

func idSet(all []Migration) map[string]bool {
	set := make(map[string]bool, len(all))
	for _, m := range all {
		set[m.ID] = true
	}
	return set
}
