package upgrade

import (
	"bunnyhop/internal/database"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/model"
)

// The facts of an upgrade that brings a data model in.
var (
	Wanted  = steps.NewSlot[WantedModel]("wanted_model")
	Tried   = steps.NewSlot[Trial]("model_tried")
	Refused = steps.NewSlot[Refusal]("model_refused")
	Applied = steps.NewSlot[Application]("model_applied")
	// Copied is what was copied into new columns of the project, recorded before
	// anything of the old ones is deleted.
	Copied = steps.NewSlot[[]model.Copied]("model_copied")
)

// WantedModel is the data model that is brought in.
type WantedModel struct {
	Name string `json:"name"`
	// Model is what it is, of which Directus, on what.
	Model string `json:"model"`
}

// Trial is what the accepted changes did on the copy.
type Trial struct {
	Backup   string   `json:"backup"` // the backup of which the copy was made
	Stage    string   `json:"stage"`  // the key of the code that made the changes
	Accepted []string `json:"accepted"`
	// Tables are the tables of the project that are otherwise since then; ""
	// stands for views and triggers. The rows of all others stay as they are.
	Tables map[string]TriedTable `json:"tables,omitempty"`
	// System are the digests of the schemas of Directus' own tables.
	System map[string]string `json:"system_schema,omitempty"`
	Notes  []string          `json:"notes,omitempty"`
}

// TriedTable is what a table was after the trial.
type TriedTable struct {
	Gone   bool   `json:"gone,omitempty"`
	New    bool   `json:"new,omitempty"`
	Schema string `json:"schema,omitempty"` // digest
}

// Refusal is why the last decisions could not be made on the copy; empty once
// others were taken.
type Refusal struct {
	Error string `json:"error,omitempty"`
}

// Application is what was brought into the project.
type Application struct {
	Accepted []string `json:"accepted"`
	Rejected int      `json:"rejected"`
	// Rows are the numbers of rows with which Directus describes the data model
	// since then, by table.
	Rows  map[string]int64 `json:"rows,omitempty"`
	Notes []string         `json:"notes,omitempty"`
}

// describing are the tables with which Directus describes a data model.
var describing = []string{"directus_collections", "directus_fields", "directus_relations"}

// LeftBy is a backup's fingerprint as the upgrade left the tables: with what
// the project's own migrations and the accepted changes made of them, which
// nobody has written since.
func LeftBy(lines []steps.Line, backup database.Fingerprint) database.Fingerprint {
	left := database.Fingerprint{Tables: make(map[string]database.TableFingerprint, len(backup.Tables)), Other: backup.Other}
	for name, table := range backup.Tables {
		left.Tables[name] = table
	}
	if migrated, ok := facts.Migrated.Find(lines); ok {
		for name, table := range migrated.Changed {
			left.Tables[name] = table
		}
	}
	if applied, ok := Applied.Find(lines); ok {
		for name, rows := range applied.Rows {
			table := left.Tables[name]
			table.Rows = rows
			left.Tables[name] = table
		}
	}
	return left
}

// result is what the flow has to say at its end.
func result(r *steps.Run) map[string]any {
	data := facts.Result(r)
	wanted, ok := Wanted.Get(r)
	if !ok {
		return data
	}
	brought := map[string]any{"from": wanted.Name}
	if applied, ok := Applied.Get(r); ok {
		brought["accepted"], brought["rejected"] = len(applied.Accepted), applied.Rejected
	}
	data["data_model"] = brought
	return data
}
