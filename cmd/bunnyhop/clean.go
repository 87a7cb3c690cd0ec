package main

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/charmbracelet/x/ansi"
)

// clean makes text from databases, processes and errors fit for a terminal:
// no control sequences, no control characters but line ends, nothing that
// turns the reading direction, and no secrets of this process's environment.
func (a *app) clean(text string) string {
	return hideSecrets(stripControls(text), a.environ)
}

func stripControls(text string) string {
	text = ansi.Strip(strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\r':
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r), r == '\u2028', r == '\u2029':
			return -1
		}
		return r
	}, text)
}

// oneLine is text on a single line.
func (a *app) oneLine(text string) string {
	return strings.Join(strings.Fields(a.clean(text)), " ")
}

var (
	urlPassword = regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+@`)
	secretName  = regexp.MustCompile(`(?i)(SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|PRIVATE_KEY|ACCESS_KEY|LICENSE_KEY|^KEY)$|_auth`)
)

// hideSecrets is the last net under errors that were made before a run knew
// the secrets of its project.
func hideSecrets(text string, environ []string) string {
	text = urlPassword.ReplaceAllString(text, "${1}[secret]@")
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		// A short value would hit innocent text all over.
		if len(value) >= 6 && secretName.MatchString(name) {
			text = strings.ReplaceAll(text, value, "[secret]")
		}
	}
	return text
}
