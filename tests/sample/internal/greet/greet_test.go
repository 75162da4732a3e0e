package greet

import "testing"

func TestLine(t *testing.T) {
	if got := Line("Go"); got != "Hello, Go!" {
		t.Fatal(got)
	}
}
