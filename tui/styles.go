package tui

import (
	"image/color"

	"charm.land/lipgloss/v2"
)

// palette is the ten tokens that every style is made of. Each is a colour of
// the xterm palette of 256, so that it looks the same on terminals without
// true colour.
type palette struct {
	text, muted, faint, line      color.Color
	accent, good, warn, bad, info color.Color
	selected                      color.Color
}

func newPalette(isDark bool) palette {
	pick := lipgloss.LightDark(isDark)
	token := func(light, dark string) color.Color { return pick(lipgloss.Color(light), lipgloss.Color(dark)) }
	return palette{
		text:     token("#262626", "#dadada"),
		muted:    token("#585858", "#a8a8a8"),
		faint:    token("#767676", "#808080"),
		line:     token("#c6c6c6", "#4e4e4e"),
		accent:   token("#5f00af", "#afafff"),
		good:     token("#008700", "#87d787"),
		warn:     token("#875f00", "#ffd787"),
		bad:      token("#af0000", "#ff8787"),
		info:     token("#005faf", "#87afff"),
		selected: token("#d7d7ff", "#3a3a3a"),
	}
}

// styles are the looks of things. State is never shown by colour alone: each
// of these goes with a glyph or a word.
type styles struct {
	palette
	plain, strong, dim, hint, rule, title lipgloss.Style
	mark, ok, alert, fail, note           lipgloss.Style
	cursor, key, tag                      lipgloss.Style
	added, removed, hunk                  lipgloss.Style
}

func newStyles(isDark bool) styles {
	p := newPalette(isDark)
	ink := func(c color.Color) lipgloss.Style { return lipgloss.NewStyle().Foreground(c) }
	return styles{
		palette: p,
		plain:   ink(p.text),
		strong:  ink(p.text).Bold(true),
		dim:     ink(p.muted),
		hint:    ink(p.faint),
		rule:    ink(p.line),
		title:   ink(p.accent).Bold(true),
		mark:    ink(p.accent),
		ok:      ink(p.good),
		alert:   ink(p.warn),
		fail:    ink(p.bad).Bold(true),
		note:    ink(p.info),
		cursor:  ink(p.text).Background(p.selected).Bold(true),
		key:     ink(p.accent).Bold(true),
		tag:     ink(p.accent),
		added:   ink(p.good),
		removed: ink(p.bad),
		hunk:    ink(p.info),
	}
}
