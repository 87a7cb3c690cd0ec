package tui

import (
	"context"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"bunnyhop/internal/fault"
	"bunnyhop/internal/progress"
)

// keyQuestion asks for the file with the private key that opens a backup in
// the bucket.
type keyQuestion struct {
	of      Backup
	restore bool // it is to be put back then
	in      textinput.Model
	err     error // of the last try
}

// wantFetch fetches a backup, once it is known what opens it.
func (s *backupsScreen) wantFetch(of *Backup, restore bool) tea.Cmd {
	if of.Copy.Encrypted && !s.here.HasKey {
		return s.askKey(of, restore, s.keyFile, nil)
	}
	return s.fetch(of, restore, "")
}

// askKey opens the question.
func (s *backupsScreen) askKey(of *Backup, restore bool, path string, err error) tea.Cmd {
	s.question = &keyQuestion{of: *of, restore: restore, in: s.c.input("> "), err: err}
	s.question.in.SetValue(path)
	s.gone = ""
	delete(s.outcomes, of.key())
	s.detail.view.GotoTop()
	return s.question.in.Focus()
}

// answer takes keys, and pasted text, for the question.
func (s *backupsScreen) answer(msg tea.Msg) tea.Cmd {
	q := s.question
	if press, ok := msg.(tea.KeyPressMsg); ok {
		switch {
		case press.String() == "esc":
			s.question = nil
			return nil
		case key.Matches(press, keyEnter):
			path := strings.TrimSpace(q.in.Value())
			if err := noPath(path); err != nil {
				q.err = err
				q.in.Reset()
				return nil
			}
			s.question = nil
			return s.fetch(&q.of, q.restore, path)
		}
	}
	var cmd tea.Cmd
	q.in, cmd = q.in.Update(msg)
	return cmd
}

// noPath says why what was typed is no path. A private key is not repeated.
func noPath(text string) error {
	switch {
	case strings.Contains(strings.ToUpper(text), "AGE-SECRET-KEY-"), strings.Contains(text, "PRIVATE KEY"):
		return fault.New("that is a private key itself, and it was not used", "put it into a file of mode 0600, and give the path of that")
	case text == "":
		return fault.New("no file was named", "esc leaves the backup where it is")
	}
	return nil
}

// fetch brings a backup here from the bucket.
func (s *backupsScreen) fetch(of *Backup, restore bool, path string) tea.Cmd {
	j, id := s.begin(jobFetch, of), of.ID
	j.restore, j.path, j.reads = restore, path, "reading every byte that was fetched"
	return j.do(func(ctx context.Context, report progress.Reporter) tea.Msg {
		fetched, err := s.c.ses.opts.Backups.Fetch(ctx, id, path, report)
		return backupDoneMsg{job: j, fetched: fetched, err: err}
	})
}

// lines is the question as it is asked beside the list.
func (q *keyQuestion) lines(c *common, w int) []string {
	var lines []string
	if q.err != nil {
		lines = append(c.wrong(cleanText(q.err.Error()), w), "")
	}
	what := "It is encrypted. "
	if q.restore {
		what = "It is encrypted, and is fetched before it is put back. "
	}
	for _, line := range wrap(what+"Which file holds the private key? (its path, never the key itself)", w) {
		lines = append(lines, c.st.strong.Render(line))
	}
	c.dress(&q.in)
	q.in.SetWidth(max(8, w-3))
	lines = append(lines, q.in.View(), "")
	if q.err == nil {
		return lines
	}
	if hint := cleanText(fault.HintOf(q.err)); hint != "" {
		lines = append(append(lines, c.rowAt(aboutColumn, "next", hint, w)...), "")
	}
	return lines
}
