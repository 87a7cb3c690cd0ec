package tui

import (
	"strings"

	"charm.land/bubbles/v2/key"
	tea "charm.land/bubbletea/v2"
)

// bind makes a binding; shown is how help names the keys.
func bind(shown, does string, keys ...string) key.Binding {
	return key.NewBinding(key.WithKeys(keys...), key.WithHelp(shown, does))
}

// The keys, all in one place. Help is made from them.
var (
	keyUp       = bind("↑/k", "up", "up", "k")
	keyDown     = bind("↓/j", "down", "down", "j")
	keyPageUp   = bind("pgup", "page up", "pgup", "ctrl+u")
	keyPageDown = bind("pgdn", "page down", "pgdown", "ctrl+d")
	keyTop      = bind("home", "first", "home")
	keyBottom   = bind("end", "last", "end")
	keyMove     = bind("↑↓", "move", "up", "down", "k", "j") // shown in place of keyUp and keyDown
	keyScroll   = bind("pgup/pgdn", "scroll", "pgup", "pgdown")

	keyEnter  = bind("enter", "go on", "enter")
	keyEscape = bind("esc", "back", "esc")
	keyHelp   = bind("?", "help", "?")
	keyQuit   = bind("q", "leave", "q")
	keyStop   = bind("ctrl+c", "stop", "ctrl+c")
	keyEarly  = bind("<", "earlier step", "<", ",")
	keyLater  = bind(">", "later step", ">", ".")
	keyFollow = bind("f", "follow output", "f")
	keyReload = bind("r", "look again", "r")

	keyFilter   = bind("/", "filter", "/")
	keyMark     = bind("space", "acknowledge", "space")
	keyOverride = bind("o", "override", "o")

	keyNextOpen     = bind("]", "next to deal with", "]")
	keyPreviousOpen = bind("[", "previous to deal with", "[")

	keyMode = bind("tab/↑↓", "which differences", "tab")

	keyVerify  = bind("v", "verify", "v")
	keyProve   = bind("p", "prove", "p")
	keyRestore = bind("r", "restore", "r")
	keyRemove  = bind("x", "remove", "x")
	keyBackups = bind("b", "backups", "b")

	keyDecide      = bind("space", "accept/reject", "space")
	keyGroup       = bind("a/r", "group", "a", "r")
	keyRecommended = bind("R", "accept all recommended", "R")
	keyNext        = bind("]", "next undecided", "]")
	keyPrevious    = bind("[", "previous undecided", "[")
	keyNeeds       = bind("d", "dependencies", "d")
	keyFold        = bind("←→", "fold", "left", "right", "h", "l")
	keyUndo        = bind("u", "undo", "u")
	keyKind        = bind("f/F", "filter by kind", "f", "F")
	keyNoise       = bind("n", "noise", "n")
	keySafe        = bind("A", "accept all safe", "A")
	keyBranch      = bind("tab/←→", "fold", "tab", "left", "right", "h", "l")
	keyFirst       = bind("g/home", "first", "g", "home")
	keyLast        = bind("G/end", "last", "G", "end")
	keyPage        = bind("ctrl+d/u", "page of the list", "ctrl+d", "ctrl+u")
	keyDetailDown  = bind("pgdn", "scroll detail", "pgdown")
	keyDetailUp    = bind("pgup", "scroll detail", "pgup")
)

// keyName is how a key is written with the signs that the locale has.
func (c *common) keyName(keys string) string {
	if c.g.up == "↑" {
		return keys
	}
	return strings.NewReplacer("↑↓", "up/down", "←→", "left/right", "↑", "up", "↓", "down").Replace(keys)
}

// keyed is a binding with the reason for which it does not work now.
type keyed struct {
	key.Binding
	why string
}

// live is a binding that works; unless gives one that works only when why is
// empty. as gives a binding another description.
func live(b key.Binding) keyed               { return keyed{Binding: b} }
func unless(why string, b key.Binding) keyed { return keyed{Binding: b, why: why} }

func as(does string, b key.Binding) key.Binding {
	b.SetHelp(b.Help().Key, does)
	return b
}

// keySet makes the help of a screen out of its keys as they are now.
type keySet struct{ keys func() []keyed }

// ShortHelp implements help.KeyMap: the keys that work now.
func (s keySet) ShortHelp() []key.Binding {
	var all []key.Binding
	for _, k := range s.keys() {
		if k.why == "" {
			all = append(all, k.Binding)
		}
	}
	return all
}

// FullHelp implements help.KeyMap.
func (s keySet) FullHelp() [][]key.Binding {
	all := s.ShortHelp()
	const column = 7
	var groups [][]key.Binding
	for len(all) > column {
		groups, all = append(groups, all[:column]), all[column:]
	}
	return append(groups, all)
}

// Disabled implements screen.
func (s keySet) Disabled(msg tea.KeyPressMsg) string {
	for _, k := range s.keys() {
		if k.why != "" && key.Matches(msg, k.Binding) {
			return k.Help().Key + ": " + k.why
		}
	}
	return ""
}
