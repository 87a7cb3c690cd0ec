package tui

import (
	"charm.land/bubbles/v2/help"
	tea "charm.land/bubbletea/v2"
)

// screen is one thing that fills the pane. Screens do no work; they return
// commands that ask the root or the engine.
type screen interface {
	Init() tea.Cmd
	Update(tea.Msg) tea.Cmd
	View() string
	SetSize(width, height int)
	help.KeyMap
	// Disabled says why a key does not work now, or "".
	Disabled(tea.KeyPressMsg) string
}

// typist is a screen or dialog in which keys may be text at the moment.
type typist interface{ Typing() bool }

func typing(s any) bool {
	t, ok := s.(typist)
	return ok && t.Typing()
}

// pane is the size of a screen's area; screens embed it.
type pane struct{ w, h int }

// SetSize implements screen.
func (p *pane) SetSize(w, h int) { p.w, p.h = max(w, 0), max(h, 0) }

// Init implements screen.
func (p *pane) Init() tea.Cmd { return nil }

// Update implements screen for screens that take no keys.
func (p *pane) Update(tea.Msg) tea.Cmd { return nil }

// stepScreens says which screen shows a step. A step that is not named here
// gets the cutover screen in the cutover, and a plain one elsewhere, so that
// a new flow works without a screen of its own.
var stepScreens = map[string]func(*common, *stepRecord) screen{
	"inspect":  newInspectScreen,
	"choose":   newTargetScreen,
	"check":    newFindingsScreen,
	"backup":   newBackupScreen,
	"prove":    newBackupScreen,
	"stage":    newStageScreen,
	"rehearse": newRehearseScreen,
	"review":   newDecisionsScreen,
	"verify":   newVerifyScreen,
	"report":   newReportScreen,
}
