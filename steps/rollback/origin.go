package rollback

import (
	"bunnyhop/internal/fault"
	"bunnyhop/steps"
	"bunnyhop/steps/facts"
	"bunnyhop/steps/site"
)

// Origin is what a rollback needs of the upgrade that it takes back.
type Origin struct {
	Run     string       `json:"run"`
	Dir     string       `json:"dir"` // the upgrade run's folder
	From    string       `json:"from"`
	To      string       `json:"to"`
	Backup  facts.Backup `json:"backup"` // the final backup
	Switch  facts.Switch `json:"switch"`
	Running bool         `json:"running"` // the server was running before the upgrade
	Lost    []string     `json:"lost,omitempty"`

	lines []steps.Line // its journal
}

// TakenBack is the upgrade that a rollback takes back.
var TakenBack = steps.NewSlot[Origin]("origin")

// Candidate picks the newest finished upgrade that no later run has taken
// back, from runs in newest-first order; nil when there is none.
func Candidate(runs []steps.Summary) *steps.Summary {
	back := map[string]bool{}
	for i := range runs {
		run := &runs[i]
		if run.Status != steps.Done {
			continue
		}
		switch run.Flow {
		case "rollback":
			if of, ok := TakenBack.Find(run.Lines()); ok {
				back[of.Run] = true
			}
		case "restore":
			// An older state was put back; what came before it is history.
			return nil
		case "upgrade":
			if !back[run.ID] {
				return run
			}
		}
	}
	return nil
}

// Kept reports whether the old code of an upgrade is still where the upgrade
// put it: a later one removes what it does not need itself.
func Kept(run *steps.Summary) (bool, error) {
	switched, ok := facts.Switched.Find(run.Lines())
	if !ok {
		return true, nil // it is told in full by the rollback
	}
	m, err := gone(switched)
	return m == nil, err
}

// gone is the first thing that an upgrade kept and that is not there any more,
// or nil.
func gone(switched facts.Switch) (*facts.Move, error) {
	for i, m := range switched.Moves {
		if m.Absent {
			continue
		}
		there, err := site.Exists(m.Kept)
		if err != nil {
			return nil, err
		}
		if !there {
			return &switched.Moves[i], nil
		}
	}
	return nil, nil
}

// finalBackup is the folder of the backup that the rollback restores.
func finalBackup(r *steps.Run) (string, error) {
	from, err := TakenBack.Need(r)
	return from.Backup.Dir, err
}

// find reads the upgrade run to take back.
func find(root, id string) (Origin, error) {
	runs, err := steps.Runs(root)
	if err != nil {
		return Origin{}, err
	}
	candidate := Candidate(runs)
	if candidate == nil || (id != "" && candidate.ID != id) {
		err := fault.Newf("there is no finished upgrade to take back")
		if id != "" {
			err = fault.Newf("run %s is not the newest finished upgrade", id)
		}
		return Origin{}, err.WithHint("`bunnyhop runs` lists the runs, `bunnyhop backup list` the backups").WithCode(fault.Usage)
	}
	lines := candidate.Lines()
	target, okTarget := facts.Chosen.Find(lines)
	final, okFinal := facts.FinalBack.Find(lines)
	moves, okMoves := facts.Switched.Find(lines)
	stopped, okStopped := facts.Stopping.Find(lines)
	if !okTarget || !okFinal || !okMoves || !okStopped {
		return Origin{}, fault.Newf("the journal of run %s lacks what taking it back needs", candidate.ID)
	}
	return Origin{
		Run: candidate.ID, Dir: candidate.Dir, From: target.From, To: target.To,
		Backup: final, Switch: moves, Running: stopped.Running, lines: lines,
	}, nil
}
