package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"bunnyhop/steps"
	"bunnyhop/steps/backup"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/prune"
)

// factText is what the run learned in the words of its screens; "" for facts
// that have no screen.
func factText(key string, value json.RawMessage) string {
	switch key {
	case "inspection":
		return decoded(value, inspectionText)
	case "target":
		return decoded(value, targetText)
	case "backup", "final_backup":
		return decoded(value, backupText)
	case "proof":
		return decoded(value, func(p facts.BackupProof) string {
			return fmt.Sprintf("restored into a scratch database and compared: %d tables, %d rows", p.Tables, p.Rows)
		})
	case "upload":
		return decoded(value, uploadText)
	case "retention":
		return decoded(value, prune.Retention.String)
	case "stage":
		return decoded(value, stageText)
	case "rehearsal":
		return decoded(value, rehearsalText)
	case "migration":
		return decoded(value, func(m facts.Migration) string {
			return fmt.Sprintf("%d migrations applied in %.1f s", len(m.Applied), m.Seconds)
		})
	case "start":
		return decoded(value, startText)
	case "verification":
		return decoded(value, verificationText)
	case "report":
		return decoded(value, func(r facts.Report) string {
			return strings.Join(append(r.Lines, nextLines(r.Next)...), "\n")
		})
	}
	return ""
}

func decoded[T any](value json.RawMessage, text func(T) string) string {
	var v T
	if json.Unmarshal(value, &v) != nil {
		return ""
	}
	return text(v)
}

func nextLines(next []string) []string {
	lines := make([]string, len(next))
	for i, line := range next {
		lines[i] = "next: " + line
	}
	return lines
}

func inspectionText(i facts.Inspection) string {
	state := "stopped"
	if i.Server.Running {
		state = "running"
	}
	server := state
	if i.Server.Kind != "none" {
		server = fmt.Sprintf("%s (%s)", orUnknown(i.Server.Description, i.Server.Kind), state)
	}
	lines := []string{
		fmt.Sprintf("Directus %s (%s), %s %s, %s", i.Installed, i.Installation, i.Vendor, i.ServerVersion, bytesText(i.DatabaseBytes)),
		"server: " + server,
		fmt.Sprintf("%d collections, %d users, %d migrations recorded", i.Collections, i.Users, len(i.Recorded)),
	}
	for _, s := range i.Storage {
		lines = append(lines, storageLines(s)...)
	}
	for _, e := range i.Extensions {
		line := fmt.Sprintf("extension %s (%s) %s", e.Name, e.Type, e.Version)
		if e.Problem != "" {
			line += ": " + e.Problem
		}
		lines = append(lines, strings.TrimSpace(line))
	}
	for _, half := range i.HalfDone {
		lines = append(lines, halfDoneLines(half)...)
	}
	if len(i.CustomMigrated) > 0 {
		lines = append(lines, "custom migrations: "+strings.Join(i.CustomMigrated, ", "))
	}
	return strings.Join(lines, "\n")
}

// storageLines is one storage location: what lies there, and where that and
// the rows of directus_files differ.
func storageLines(s facts.Storage) []string {
	name := fmt.Sprintf("storage %s (%s)", s.Name, s.Driver)
	if s.Place != "" {
		name += " " + s.Place
	}
	switch {
	case s.External && s.Reason != "":
		return []string{name + ": external, not copied: " + s.Reason}
	case s.External:
		return []string{name + ": external, not copied"}
	case s.Fault != "":
		return []string{name + ": cannot be read: " + s.Fault}
	}
	line := fmt.Sprintf("%s: %d files, %s", name, s.Files, bytesText(s.Bytes))
	if s.Extra > 0 {
		line += fmt.Sprintf(", %d of them without a row of directus_files", s.Extra)
	}
	if s.Missing == 0 {
		return []string{line}
	}
	missing := fmt.Sprintf("  %d rows of directus_files have no file there", s.Missing)
	if s.Missing == 1 {
		missing = "  1 row of directus_files has no file there"
	}
	if len(s.MissingNames) > 0 {
		missing += ": " + strings.Join(s.MissingNames, ", ")
		if more := s.Missing - int64(len(s.MissingNames)); more > 0 {
			missing += fmt.Sprintf(" and %d more", more)
		}
	}
	return []string{line, missing}
}

func orUnknown(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return "unknown"
}

func targetText(t facts.Target) string {
	text := fmt.Sprintf("%s → %s", t.From, t.To)
	if t.Reason != "" {
		text += ": " + t.Reason
	}
	if len(t.Pending) > 0 {
		text += fmt.Sprintf("\n%d known migrations on the way", len(t.Pending))
	}
	return text
}

func backupText(b facts.Backup) string {
	lines := []string{"backup " + b.ID + ", " + bytesText(b.Bytes) + ", in " + b.Dir}
	for _, p := range b.Parts {
		if !p.Included {
			lines = append(lines, fmt.Sprintf("  %s: left out (%s)", p.Name, p.Reason))
			continue
		}
		lines = append(lines, fmt.Sprintf("  %s: %d files, %s", p.Name, p.Files, bytesText(p.Bytes)))
	}
	return strings.Join(lines, "\n")
}

func uploadText(c backup.Copy) string {
	if c.Skipped != "" {
		return c.String()
	}
	return strings.Join(append([]string{c.String()}, keyLines(c.Encrypted, c.Keys)...), "\n")
}

func stageText(s facts.Stage) string {
	text := fmt.Sprintf("Directus %s with Node %s in %s", s.Version, s.NodeVers, s.Dir)
	if s.Reused {
		text += " (a kept tree was reused)"
	}
	if len(s.Modules) > 0 {
		text += "\nnative modules load: " + strings.Join(s.Modules, ", ")
	}
	return text
}

func rehearsalText(r facts.Rehearsal) string {
	lines := []string{fmt.Sprintf("on the copy: %d migrations in %.1f s, Directus %s answered after %.1f s",
		len(r.Migrations), r.MigrateSeconds, r.Version, r.BootSeconds)}
	if len(r.SideEffectsOff) > 0 {
		lines = append(lines, "switched off meanwhile: "+strings.Join(r.SideEffectsOff, ", "))
	}
	if len(r.Extensions) > 0 {
		lines = append(lines, "extensions loaded: "+strings.Join(r.Extensions, ", "))
	}
	for _, c := range r.AccessChanges {
		lines = append(lines, "access: "+c)
	}
	for _, w := range r.Warnings {
		lines = append(lines, "warning: "+w)
	}
	return strings.Join(lines, "\n")
}

func startText(s facts.Start) string {
	text := fmt.Sprintf("Directus %s answers; downtime %.1f s", s.Version, s.DowntimeSeconds)
	if s.Left != "" {
		text += "\n" + s.Left
	}
	return text
}

func verificationText(v facts.Verification) string {
	var lines []string
	for _, c := range v.Checks {
		mark := "ok  "
		if !c.OK {
			mark = "BAD "
		}
		lines = append(lines, mark+c.Name+": "+c.Detail)
	}
	return strings.Join(lines, "\n")
}

// repeated: the step that applies a data model adds to what the migrations
// recorded, of which the text was said.
func repeated(e steps.Learned) bool { return e.Key == "migration" && e.Step == "apply" }
