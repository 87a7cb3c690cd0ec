// Package server finds the server process of a Directus project, and stops
// and starts it in the way in which it was found running.
package server

import (
	"bunnyhop/internal/process"
)

// Kind is the way in which a server is run.
type Kind string

// The kinds. Command is a pair of commands in bunnyhop.yaml, Process a server
// that somebody started by hand, None one that did not run.
const (
	Command Kind = "command"
	Systemd Kind = "systemd"
	PM2     Kind = "pm2"
	Process Kind = "process"
	None    Kind = "none"
)

// Found says how a project's server runs. It is written to the journal before
// the server is stopped, so it holds no environment and no secrets.
type Found struct {
	Kind Kind `json:"kind"`
	// Root is the project's root.
	Root string `json:"root"`
	// Unit is the systemd unit; User that it belongs to a user's own manager.
	Unit string `json:"unit,omitempty"`
	User bool   `json:"user,omitempty"`
	// PM2 holds the process name in pm2, or its ids with commas between.
	// PM2Home and PM2Path are the daemon's folder and the pm2 program.
	PM2     string `json:"pm2,omitempty"`
	PM2Home string `json:"pm2_home,omitempty"`
	PM2Path string `json:"pm2_path,omitempty"`
	// PM2Cluster says that pm2 runs it in cluster mode, with the daemon's Node.
	PM2Cluster bool `json:"pm2_cluster,omitempty"`
	// Argv starts a server of kind Process again; of kind Command it is the
	// start command.
	Argv []string `json:"argv,omitempty"`
	// StopArgv and StatusArgv are the other commands of kind Command.
	StopArgv   []string `json:"stop_argv,omitempty"`
	StatusArgv []string `json:"status_argv,omitempty"`
	// Dir is the working folder of the server.
	Dir string `json:"dir,omitempty"`
	// EnvFile is the configuration file that the server reads, absolute.
	EnvFile string `json:"env_file,omitempty"`
	// Port is where a server is looked for that cannot be told by its command.
	Port string `json:"port,omitempty"`
	// PIDs are the processes of the server, parents first.
	PIDs []process.Info `json:"pids,omitempty"`
	// UID, GID and Groups are the user as whom the server runs.
	UID    uint32   `json:"uid,omitempty"`
	GID    uint32   `json:"gid,omitempty"`
	Groups []uint32 `json:"groups,omitempty"`
	// Node is the program file of the Node that runs the server, NodeVersion
	// its version without "v"; both are "" when nothing runs.
	Node        string `json:"node,omitempty"`
	NodeVersion string `json:"node_version,omitempty"`
	// Supervisor names a parent process that may start the server again.
	Supervisor string `json:"supervisor,omitempty"`
}

// NodeNote says what a person has to do so that the server uses another
// Node; "" when Start does it.
func (f *Found) NodeNote(nodeDir string) string {
	switch {
	case f.Kind == Systemd:
		return "the unit " + f.Unit + " chooses its own Node; add a drop-in with `systemctl edit " + f.Unit +
			"` that has `Environment=PATH=" + nodeDir + ":/usr/local/bin:/usr/bin:/bin`, or give ExecStart that Node"
	case f.Kind == PM2 && f.PM2Cluster:
		return "pm2 runs this server in cluster mode, inside its own Node; start the pm2 daemon again with " + nodeDir + " first in PATH"
	case f.Kind == Command:
		return "the start command in bunnyhop.yaml chooses its own Node; " + nodeDir + " stands first in its PATH"
	}
	return ""
}
