package project

import (
	"fmt"
	"strings"
)

// splitWords splits a command into words as a shell does with quotes and
// backslashes, and with nothing else: what would need a shell is an error.
func splitWords(command string) ([]string, error) {
	var words []string
	var word strings.Builder
	in := false // inside a word
	runes := []rune(command)
	for i := 0; i < len(runes); i++ {
		switch c := runes[i]; {
		case c == '\'' || c == '"':
			in = true
			i++
			for ; i < len(runes) && runes[i] != c; i++ {
				if c == '"' && runes[i] == '\\' && i+1 < len(runes) && strings.ContainsRune(`"\$`+"`", runes[i+1]) {
					i++
				} else if c == '"' && strings.ContainsRune("$`", runes[i]) {
					return nil, shellError(runes[i])
				}
				word.WriteRune(runes[i])
			}
			if i == len(runes) {
				return nil, fmt.Errorf("the quote %c is not closed", c)
			}
		case c == '\\':
			if i++; i == len(runes) {
				return nil, fmt.Errorf("it ends with a backslash")
			}
			in = true
			word.WriteRune(runes[i])
		case strings.ContainsRune(" \t\r\n", c):
			if in {
				words = append(words, word.String())
				word.Reset()
				in = false
			}
		case strings.ContainsRune("|&;<>()$`*?[]{}", c):
			return nil, shellError(c)
		default:
			in = true
			word.WriteRune(c)
		}
	}
	if in {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	return words, nil
}

func shellError(c rune) error {
	return fmt.Errorf("%q needs a shell, and none is used; quote it, or write the command as [sh, -c, \"…\"]", string(c))
}
