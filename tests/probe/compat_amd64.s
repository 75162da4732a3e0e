#include "textflag.h"

// func interrupt(number, a, b, c uintptr) (result int32)
TEXT ·interrupt(SB), NOSPLIT, $0-36
	MOVQ number+0(FP), AX
	MOVQ a+8(FP), BX
	MOVQ b+16(FP), CX
	MOVQ c+24(FP), DX
	INT  $0x80
	MOVL AX, result+32(FP)
	RET
