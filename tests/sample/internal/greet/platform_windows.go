package greet

// Platform names the operating system for people.
func Platform() string { return "Windows" }
