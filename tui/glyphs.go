package tui

import (
	"strings"
	"time"

	"charm.land/bubbles/v2/spinner"
)

// glyphs are the signs that screens are drawn with.
type glyphs struct {
	done, running, failed, undone, waiting string
	warn, note, bullet, locked, blocked    string
	accepted, rejected, open, ticked       string
	folded, unfolded, cursor               string
	add, remove, change, replace           string
	arrow, dot, more, up, down, missing    string
	horizontal, vertical                   string
	topLeft, topRight, botLeft, botRight   string
	teeDown, teeUp                         string
	barFull, barEmpty                      rune
	spinner                                spinner.Spinner
}

var unicodeGlyphs = glyphs{
	done: "✔", running: "▶", failed: "✖", undone: "↺", waiting: "○",
	warn: "!", note: "·", bullet: "•", locked: "◆", blocked: "⊘",
	accepted: "●", rejected: "○", open: "?", ticked: "✔",
	folded: "▸", unfolded: "▾", cursor: "▌",
	add: "+", remove: "−", change: "~", replace: "±",
	arrow: "→", dot: "·", more: "…", up: "↑", down: "↓", missing: "–",
	horizontal: "─", vertical: "│",
	topLeft: "╭", topRight: "╮", botLeft: "╰", botRight: "╯",
	teeDown: "┬", teeUp: "┴",
	barFull: '━', barEmpty: '─',
	spinner: spinner.Spinner{Frames: []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}, FPS: 120 * time.Millisecond},
}

var asciiGlyphs = glyphs{
	done: "+", running: ">", failed: "x", undone: "<", waiting: ".",
	warn: "!", note: "-", bullet: "*", locked: "#", blocked: "x",
	accepted: "*", rejected: "o", open: "?", ticked: "x",
	folded: ">", unfolded: "v", cursor: ">",
	add: "+", remove: "-", change: "~", replace: "%",
	arrow: "->", dot: "-", more: "...", up: "^", down: "v", missing: "-",
	horizontal: "-", vertical: "|",
	topLeft: "+", topRight: "+", botLeft: "+", botRight: "+",
	teeDown: "+", teeUp: "+",
	barFull: '#', barEmpty: '.',
	spinner: spinner.Spinner{Frames: []string{"|", "/", "-", "\\"}, FPS: 150 * time.Millisecond},
}

// glyphsFor picks the signs that the locale can show: the first of LC_ALL,
// LC_CTYPE and LANG that is set decides, as in locale(7).
func glyphsFor(getenv func(string) string) glyphs {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		value := strings.ToLower(getenv(name))
		if value == "" {
			continue
		}
		if strings.Contains(value, "utf-8") || strings.Contains(value, "utf8") {
			return unicodeGlyphs
		}
		return asciiGlyphs
	}
	return asciiGlyphs
}
