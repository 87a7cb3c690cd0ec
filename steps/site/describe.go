package site

import (
	"fmt"
	"strings"

	"bunnyhop/internal/project"
	"bunnyhop/internal/server"
)

// Describe says in a few words how a server is run.
func Describe(f *server.Found) string {
	switch f.Kind {
	case server.Command:
		return "the commands in bunnyhop.yaml"
	case server.Systemd:
		return "systemd unit " + f.Unit
	case server.PM2:
		return "pm2 process " + f.PM2
	case server.Process:
		if len(f.PIDs) > 0 {
			return fmt.Sprintf("process %d", f.PIDs[0].PID)
		}
		return "a process"
	case server.None:
	}
	return "no process found"
}

// StartCommand is what a person types to start the server as it was found.
func StartCommand(f *server.Found) string {
	switch f.Kind {
	case server.Systemd:
		return "systemctl start " + f.Unit
	case server.PM2:
		return "pm2 restart " + f.PM2
	case server.Command:
		return strings.Join(f.Argv, " ")
	case server.Process:
		if len(f.Argv) > 0 {
			return fmt.Sprintf("cd %q && %s", f.Dir, strings.Join(f.Argv, " "))
		}
	case server.None:
	}
	return fmt.Sprintf("cd %q && node %s start", f.Root, project.CLI)
}

// BaseURL is where the server's API answers on this machine.
func BaseURL(p *project.Project) string {
	return strings.TrimSuffix(p.Config.PingURL(), "/server/ping")
}
