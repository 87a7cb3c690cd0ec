package site

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"bunnyhop/internal/database"
	"bunnyhop/internal/database/connect"
	"bunnyhop/internal/node"
	"bunnyhop/internal/process"
	"bunnyhop/internal/progress"
	"bunnyhop/internal/project"
	"bunnyhop/internal/registry"
	"bunnyhop/internal/server"
	"bunnyhop/internal/state"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
)

// Site is a project with everything that runs it. What it reads is read once
// and kept until Forget.
type Site struct {
	opts Options

	mu      sync.Mutex
	project *project.Project
	service *Service
	client  *registry.Client
}

// Service is the server process of a project and the environment it runs in.
// The environment holds secrets: a Service is kept in a file of owner-only
// mode and never in the journal.
type Service struct {
	Found   *server.Found `json:"found"`
	Environ []string      `json:"environ"`
}

// New returns the site of a project. It touches nothing.
func New(o Options) *Site { return &Site{opts: o} }

// Root is the project's folder.
func (s *Site) Root() string { return s.opts.Root }

// Options returns what the site was made with.
func (s *Site) Options() Options { return s.opts }

// Forget drops what was read, so that the next look is a fresh one.
func (s *Site) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.project, s.service = nil, nil
}

// serviceFile holds the Service inside a run's folder.
const serviceFile = "service.json"

// Open reads the project for a run. The first time it looks for the server
// process and keeps what it found in the run's folder; later, and when the
// run is resumed, the kept Service counts, since the server may be stopped by
// then. Secrets of the configuration are hidden from the run from here on.
func (s *Site) Open(ctx context.Context, r *steps.Run) (*project.Project, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.project != nil {
		return s.project, nil
	}
	p, err := project.Detect(s.opts.Root)
	if err != nil {
		return nil, err
	}
	if s.service == nil {
		if s.service, err = s.loadService(ctx, r, p); err != nil {
			return nil, err
		}
		if err := s.commands(ctx, p); err != nil {
			return nil, err
		}
	}
	if err := s.configure(ctx, p); err != nil {
		return nil, err
	}
	r.HideSecrets(p.Config.Secrets())
	if p.Settings.ScratchDatabase != "" {
		scratch, err := ScratchServer(p)
		if err != nil {
			return nil, err
		}
		r.HideSecrets([]string{p.Settings.ScratchDatabase, scratch.Password})
	}
	s.project = p
	return p, nil
}

// Look reads the project without a run, for commands that only show it.
func (s *Site) Look(ctx context.Context) (*project.Project, *server.Found, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, err := project.Detect(s.opts.Root)
	if err != nil {
		return nil, nil, err
	}
	if err := s.settings(p); err != nil {
		return nil, nil, err
	}
	found, environ, err := server.Find(ctx, p)
	if err != nil {
		return p, nil, err
	}
	s.service = &Service{Found: found, Environ: environ}
	if err := s.configure(ctx, p); err != nil {
		return p, found, err
	}
	return p, found, nil
}

func (s *Site) settings(p *project.Project) error {
	if s.opts.SettingsFile == "" {
		return nil
	}
	settings, err := project.ReadSettings(s.opts.SettingsFile)
	if err != nil {
		return err
	}
	p.Settings = settings
	return nil
}

func (s *Site) configure(ctx context.Context, p *project.Project) error {
	if err := s.settings(p); err != nil {
		return err
	}
	environ := s.service.Environ
	if environ == nil {
		environ = s.opts.Environ
	}
	nodeBin := ""
	if s.service.Found != nil {
		nodeBin = s.service.Found.Node
	}
	return p.LoadConfig(ctx, environ, nodeBin)
}

// commands lets stop and start commands that were written into the settings
// later win over how the server was found: where starting it as found has
// failed, that is how a person mends it.
func (s *Site) commands(ctx context.Context, p *project.Project) error {
	if err := s.settings(p); err != nil {
		return err
	}
	if len(p.Settings.Start) == 0 || s.service.Found.Kind == server.Command {
		return nil
	}
	found, _, err := server.Find(ctx, p)
	if err != nil {
		return err
	}
	s.service.Found = found
	return nil
}

func (s *Site) loadService(ctx context.Context, r *steps.Run, p *project.Project) (*Service, error) {
	path := r.Path(serviceFile)
	if service, err := ReadService(r.Dir); err == nil {
		return service, nil
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := s.settings(p); err != nil {
		return nil, err
	}
	found, environ, err := server.Find(ctx, p)
	if err != nil {
		return nil, err
	}
	service := &Service{Found: found, Environ: environ}
	data, err := json.Marshal(service)
	if err != nil {
		return nil, err
	}
	if err := WritePrivate(path, data); err != nil {
		return nil, fmt.Errorf("keeping how the server is run: %w", err)
	}
	return service, nil
}

// ReadService reads the Service that a run kept in its folder.
func ReadService(runDir string) (*Service, error) {
	data, err := os.ReadFile(filepath.Join(runDir, serviceFile)) //nolint:gosec // the path is made from the state folder
	if err != nil {
		return nil, err
	}
	service := &Service{}
	if err := json.Unmarshal(data, service); err != nil {
		return nil, fmt.Errorf("reading how the server is run: %w", err)
	}
	return service, nil
}

// Service returns how the server is run. Open or Look comes first.
func (s *Site) Service() *Service {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.service
}

// Environ is the environment that the project's own commands run in: that of
// the running server, or of this process.
func (s *Site) Environ() []string {
	if service := s.Service(); service != nil && service.Environ != nil {
		return service.Environ
	}
	return s.opts.Environ
}

// Database opens the project's database.
func (s *Site) Database(ctx context.Context, p *project.Project, mode connect.Mode) (database.Database, error) {
	config := p.Config.Database()
	if err := database.Supported(config.Client); err != nil {
		return nil, err
	}
	if err := p.Config.DatabaseProblem(); err != nil {
		return nil, err
	}
	return connect.Open(ctx, config, mode)
}

// Registry returns the client of the registry that npm's configuration names.
func (s *Site) Registry() (*registry.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil {
		return s.client, nil
	}
	config, err := registry.LoadConfig(s.opts.Root, s.opts.Environ)
	if err != nil {
		return nil, err
	}
	cache, err := state.CacheDir()
	if err != nil {
		return nil, err
	}
	s.client = registry.New(config, cache)
	return s.client, nil
}

// Node finds or fetches a Node of one of the majors.
func (s *Site) Node(ctx context.Context, majors []int, report progress.Reporter) (*node.Runtime, error) {
	client, err := s.Registry()
	if err != nil {
		return nil, err
	}
	cache, err := state.CacheDir()
	if err != nil {
		return nil, err
	}
	environ := s.Environ() // the server's own Node comes first, if it fits
	return node.Find(ctx, majors, node.Options{
		Client: client, CacheDir: cache, Environ: environ, Reporter: report, Kept: facts.Beside(s.opts.Root),
	})
}

// BackupFolder is where this project's backups live.
func (s *Site) BackupFolder(p *project.Project) (string, error) {
	if s.opts.BackupFolder != "" {
		return filepath.Abs(s.opts.BackupFolder)
	}
	if p != nil && p.Settings.BackupFolder != "" {
		if filepath.IsAbs(p.Settings.BackupFolder) {
			return p.Settings.BackupFolder, nil
		}
		return filepath.Join(p.Root, p.Settings.BackupFolder), nil
	}
	return state.BackupsDir(s.opts.Root)
}

// Beside is the run's folder inside the project, on its filesystem, so that
// code can be switched by rename.
func (s *Site) Beside(r *steps.Run) string {
	return filepath.Join(facts.Beside(s.opts.Root), r.ID)
}

// Running looks whether a server process of the project runs right now.
func (s *Site) Running(ctx context.Context) ([]process.Info, error) {
	service := s.Service()
	if service == nil || service.Found == nil {
		return nil, errors.New("how the server is run is not known yet")
	}
	return service.Found.Running(ctx)
}
