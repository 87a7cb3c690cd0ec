// Package facts holds what the steps learn of a project, in the typed form in
// which it is journaled, shown on screens and reported. Nothing in it is a
// secret.
package facts

import (
	"path/filepath"
	"time"

	"bunnyhop/internal/advisory"
	"bunnyhop/internal/change"
	"bunnyhop/internal/database"
	"bunnyhop/internal/directus"
	"bunnyhop/internal/node"
	"bunnyhop/steps"
)

// The slots, one per fact. Their names are the keys of "learned" events.
var (
	Inspected  = steps.NewSlot[Inspection]("inspection")
	Offered    = steps.NewSlot[Releases]("releases")
	Expected   = steps.NewSlot[advisory.Outlook]("outlook")
	Chosen     = steps.NewSlot[Target]("target")
	Checked    = steps.NewSlot[Findings]("findings")
	BackedUp   = steps.NewSlot[Backup]("backup")
	ProvedBy   = steps.NewSlot[BackupProof]("proof")
	Staged     = steps.NewSlot[Stage]("stage")
	Rehearsed  = steps.NewSlot[Rehearsal]("rehearsal")
	Reviewed   = steps.NewSlot[Review]("review")
	Stopping   = steps.NewSlot[Stop]("stop")
	FinalBack  = steps.NewSlot[Backup]("final_backup")
	Switched   = steps.NewSlot[Switch]("switch")
	Migrated   = steps.NewSlot[Migration]("migration")
	Started    = steps.NewSlot[Start]("start")
	Verified   = steps.NewSlot[Verification]("verification")
	Summarised = steps.NewSlot[Report]("report")
)

// Inspection is what the inspect step saw.
type Inspection struct {
	Name          string   `json:"name"`
	Root          string   `json:"root"`
	Installation  string   `json:"installation"` // "npm", "pnpm", "yarn"
	Installed     string   `json:"installed"`    // version in node_modules
	Declared      string   `json:"declared"`     // range in package.json
	Running       string   `json:"running,omitempty"`
	Recorded      []string `json:"recorded_migrations"`
	Vendor        string   `json:"vendor"` // "SQLite"
	ServerVersion string   `json:"server_version"`
	Database      string   `json:"database"` // a file, or host, port and name
	DatabaseBytes int64    `json:"database_bytes"`
	// DatabaseFault says why the database cannot be used. Only a restore goes
	// on with that.
	DatabaseFault  string `json:"database_fault,omitempty"`
	Identity       database.Identity
	Users          int         `json:"users"`
	Collections    int         `json:"collections"`
	Storage        []Storage   `json:"storage"`
	Extensions     []Extension `json:"extensions"`
	CustomMigrated []string    `json:"custom_migrations"`
	Server         Server      `json:"server"`
	Node           string      `json:"node"` // version of the Node that runs the project now
	// HalfDone are the migrations that stopped half-way; none in a whole database.
	HalfDone []advisory.HalfDoneMigration `json:"half_done,omitempty"`
}

// Storage is one storage location.
type Storage struct {
	Name     string `json:"name"`
	Driver   string `json:"driver"`
	Root     string `json:"root,omitempty"`
	Place    string `json:"place,omitempty"`  // the bucket, of the driver s3
	External bool   `json:"external"`         // not copied by a backup
	Reason   string `json:"reason,omitempty"` // why it is external
	Fault    string `json:"fault,omitempty"`  // why it cannot be read; only a restore goes on with that
	Files    int64  `json:"files"`            // found there
	Bytes    int64  `json:"bytes"`
	Rows     int64  `json:"rows"` // rows of directus_files
	// Missing counts rows whose file is not there, MissingNames are the first
	// of those. Extra counts files without a row.
	Missing      int64    `json:"missing,omitempty"`
	MissingNames []string `json:"missing_names,omitempty"`
	Extra        int64    `json:"extra,omitempty"`
}

// Server says how the server process is run.
type Server struct {
	Kind        string `json:"kind"` // command, systemd, pm2, process, none
	Description string `json:"description"`
	Running     bool   `json:"running"`
}

// Target is the chosen version.
type Target struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Reason    string   `json:"reason,omitempty"`
	NodeMajor []int    `json:"node_majors"`
	Pending   []string `json:"pending,omitempty"` // known migrations on the way
	// Released is when the version came into the registry, and Young is set
	// when that was less than the minimum age ago.
	Released time.Time `json:"released,omitzero"`
	Young    bool      `json:"young,omitempty"`
	// KnownBad says what is known to be bad about it.
	KnownBad string `json:"known_bad,omitempty"`
}

// Findings is what the check step saw and what the person said to it.
type Findings struct {
	Findings     []advisory.Finding `json:"findings"`
	Acknowledged []string           `json:"acknowledged,omitempty"`
	Overridden   []string           `json:"overridden,omitempty"`
	// Cleared are the rules that do not apply. Only a check that stands alone
	// records them.
	Cleared []Cleared `json:"cleared,omitempty"`
	// Extensions are those of the project, as the target sees them.
	Extensions []CheckedExtension `json:"extensions,omitempty"`
	// Migrations are those that will run, with how long they take.
	Migrations []PendingMigration `json:"migrations,omitempty"`
}

// Cleared is a rule that does not apply to the project.
type Cleared struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Why   string `json:"why,omitempty"`
}

// Backup is a finished backup.
type Backup struct {
	ID    string       `json:"id"`
	Dir   string       `json:"dir"`
	Parts []BackupPart `json:"parts"`
	Bytes int64        `json:"bytes"`
	// Warnings are what a person has to know of what the backup lacks.
	Warnings []string `json:"warnings,omitempty"`
}

// BackupPart is one of the four parts of a backup.
type BackupPart struct {
	Name     string `json:"name"`
	Included bool   `json:"included"`
	Reason   string `json:"reason,omitempty"` // why it was left out
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes"`
}

// BackupProof is the outcome of restoring a backup into a scratch database.
type BackupProof struct {
	Backup string    `json:"backup"`
	At     time.Time `json:"at"`
	Tables int       `json:"tables"`
	Rows   int64     `json:"rows"`
}

// Stage is the new code, installed beside the old.
type Stage struct {
	Dir      string `json:"dir"`
	Version  string `json:"version"`
	Key      string `json:"key"`
	Reused   bool   `json:"reused"`
	Node     string `json:"node"`         // path of the Node binary to run it with
	NodeBin  string `json:"node_bin"`     // folder to put first in PATH; empty when PATH has it
	NodeVers string `json:"node_version"` // "22.23.3"
	// NodeLink is a staged link to a Node that is kept with the project; the
	// switch makes it .bunnyhop/node. Empty when the machine's own Node fits.
	NodeLink string   `json:"node_link,omitempty"`
	Modules  []string `json:"modules"` // native modules that were loaded
}

// LiveNodeBin is the folder of the Node that the live server runs on after
// the switch: a path that stays the same over later upgrades, so that a service
// definition can name it.
func (s Stage) LiveNodeBin(root string) string {
	if s.NodeLink == "" {
		return s.NodeBin
	}
	return filepath.Join(Beside(root), "node", "bin")
}

// Beside is the folder in a project where runs keep code and Nodes, on the
// project's filesystem, so that they can be switched to by rename.
func Beside(root string) string { return filepath.Join(root, ".bunnyhop") }

// Runtime is the Node that the staged code runs on.
func (s Stage) Runtime() *node.Runtime {
	return &node.Runtime{Node: s.Node, Bin: s.NodeBin, Version: s.NodeVers}
}

// SystemSchema keeps the schema digests of the system tables of a
// fingerprint: what a migration must leave the same on every copy.
func SystemSchema(f database.Fingerprint, isSystem func(string) bool) map[string]string {
	schema := map[string]string{}
	for name, table := range f.Tables {
		if isSystem(name) {
			schema[name] = table.Schema
		}
	}
	return schema
}

// Rehearsal is what happened on the copy.
type Rehearsal struct {
	Backup         string               `json:"backup"` // the backup's id
	Stage          string               `json:"stage"`  // the stage's key
	At             time.Time            `json:"at,omitzero"`
	Pending        []directus.Migration `json:"pending"`
	Migrations     []string             `json:"migrations"`    // ids that were applied
	Recorded       []string             `json:"recorded"`      // all ids recorded afterwards
	System         map[string]string    `json:"system_schema"` // digest of each system table's schema
	MigrateSeconds float64              `json:"migrate_seconds"`
	BootSeconds    float64              `json:"boot_seconds"`
	Version        string               `json:"version"` // what the copy's server said
	AccessChanges  []string             `json:"access_changes,omitempty"`
	// UserChanges is what the project's own migrations did to its own tables,
	// by table; "" stands for views and triggers.
	UserChanges map[string]TableChange `json:"user_changes,omitempty"`
	Extensions  []string               `json:"extensions,omitempty"` // loaded
	// States are the extensions as the copy's server told of them, and Times how
	// long each migration took on the copy, by id.
	States         []ExtensionState   `json:"extension_states,omitempty"`
	Times          map[string]float64 `json:"migration_seconds_each,omitempty"`
	SideEffectsOff []string           `json:"side_effects_off,omitempty"`
	Warnings       []string           `json:"warnings,omitempty"`
}

// TableChange is what a migration did to one table.
type TableChange struct {
	Lines  []string `json:"lines"`
	Gone   bool     `json:"gone,omitempty"`
	Fewer  bool     `json:"fewer,omitempty"`  // rows than before
	Schema string   `json:"schema,omitempty"` // digest afterwards
}

// Review is what was changed beside the migrations, and what was decided.
type Review struct {
	Changes   []change.Change  `json:"changes"`
	Decisions change.Decisions `json:"decisions"`
}

// Stop is written before the server is stopped.
type Stop struct {
	At      time.Time `json:"at"`
	Running bool      `json:"running"` // it was running
	Kind    string    `json:"kind"`
}

// Switch lists the renames of the switch step, written before the first.
type Switch struct {
	Moves []Move `json:"moves"`
}

// Move is one replacement: Live is kept as Kept, Staged becomes Live.
type Move struct {
	Live   string `json:"live"`
	Staged string `json:"staged,omitempty"`
	Kept   string `json:"kept"`
	// Absent is set when there was nothing at Live before.
	Absent bool `json:"absent,omitempty"`
}

// Migration is the outcome of the one attempt.
type Migration struct {
	Applied  []string `json:"applied"`
	Recorded []string `json:"recorded"`
	Seconds  float64  `json:"seconds"`
	// Changed is what the tables are now that migrations of the project's own
	// changed.
	Changed map[string]database.TableFingerprint `json:"changed,omitempty"`
}

// Start is the first good answer of the new server.
type Start struct {
	At              time.Time `json:"at"`
	DowntimeSeconds float64   `json:"downtime_seconds"`
	PID             int       `json:"pid,omitempty"`
	Version         string    `json:"version"`
	// Left is "stopped" when the server was stopped again, since it was not
	// running when it was found.
	Left string `json:"left,omitempty"`
}

// Verification lists what was looked at after the start.
type Verification struct {
	Checks []Check `json:"checks"`
}

// Check is one look.
type Check struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// Report is the end of a flow in words.
type Report struct {
	Lines    []string `json:"lines"`
	Next     []string `json:"next,omitempty"` // commands, or things to do
	Backup   string   `json:"backup,omitempty"`
	Downtime float64  `json:"downtime_seconds,omitempty"`
}
