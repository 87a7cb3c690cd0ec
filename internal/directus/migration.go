package directus

import (
	_ "embed"
	"encoding/json"
	"slices"
	"sync"
)

// Down says what a migration's way back does.
type Down string

// The ways back. An empty Down means that nobody looked; such migrations are
// older than 9.2 or not Directus' own.
const (
	DownFull       Down = "full"        // schema and data as before
	DownLossy      Down = "lossy"       // runs, but data is lost
	DownSchemaOnly Down = "schema_only" // makes the structure again, without its data
	DownNone       Down = "none"        // an empty function
	DownFails      Down = "fails"       // fails under the conditions of the note
)

// Migration is one step of a database from one Directus version to a later
// one, or a project's own (Custom).
type Migration struct {
	// ID is the key under which Directus records it: the file's name up to the
	// first dash ("20240806A").
	ID string `json:"id"`
	// Name is the rest of the file's name ("permissions-policies").
	Name string `json:"name"`
	// Title is how Directus' log calls it ("Permissions Policies").
	Title string `json:"title"`
	// Summary says what it does; empty where nobody looked.
	Summary string   `json:"summary,omitempty"`
	Tables  []string `json:"tables,omitempty"`
	// Destructive is set when rows, values or columns go; Loss says which.
	Destructive bool   `json:"destructive,omitempty"`
	Loss        string `json:"loss,omitempty"`
	Down        Down   `json:"down,omitempty"`
	DownNote    string `json:"down_note,omitempty"`
	// FirstIn is the first version in the npm registry that ships it; the
	// release that brought it may be a little older.
	FirstIn string `json:"in,omitempty"`
	// Custom is set for a migration of the project.
	Custom bool `json:"custom,omitempty"`
}

//go:embed catalogue/migrations.json
var catalogueJSON []byte

var catalogue = sync.OnceValue(func() []Migration {
	var all []Migration
	if err := json.Unmarshal(catalogueJSON, &all); err != nil {
		panic("directus: the embedded migration catalogue is damaged: " + err.Error())
	}
	return all
})

var catalogueByID = sync.OnceValue(func() map[string]Migration {
	byID := make(map[string]Migration, len(catalogue()))
	for _, m := range catalogue() {
		byID[m.ID] = m
	}
	return byID
})

// Catalogue returns every migration that Directus 9.0 to 12.4.0 ships, in the
// order in which Directus runs them.
func Catalogue() []Migration { return slices.Clone(catalogue()) }
