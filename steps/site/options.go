// Package site opens what the steps of every flow work on: the project, its
// configuration, database and server, and the Node and registry it uses.
package site

// Options say which project and where things are kept.
type Options struct {
	// Root is the project's folder, absolute.
	Root string
	// SettingsFile is bunnyhop.yaml or what --config named; empty means
	// bunnyhop.yaml in Root, if there is one.
	SettingsFile string
	// BackupFolder is where backups go; empty means the settings' folder, or
	// the data folder of this user.
	BackupFolder string
	// Environ is this process's environment.
	Environ []string
}
