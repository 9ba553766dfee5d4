package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// features writes the two instructions by which a program learns what the
// processor offers (CPUID) and what the operating system saves (XGETBV).
func features(ctx *build.Context) {
	ctx.Function("cpuid")
	ctx.Attributes(build.NOSPLIT)
	ctx.Doc("cpuid executes CPUID for a leaf and subleaf.")
	ctx.SignatureExpr("func(leaf, subleaf uint32) (eax, ebx, ecx, edx uint32)")
	ctx.Load(ctx.Param("leaf"), reg.EAX)
	ctx.Load(ctx.Param("subleaf"), reg.ECX)
	ctx.CPUID()
	ctx.Store(reg.EAX, ctx.Return("eax"))
	ctx.Store(reg.EBX, ctx.Return("ebx"))
	ctx.Store(reg.ECX, ctx.Return("ecx"))
	ctx.Store(reg.EDX, ctx.Return("edx"))
	ctx.RET()

	ctx.Function("xcr0")
	ctx.Attributes(build.NOSPLIT)
	ctx.Doc("xcr0 returns the low half of the extended control register 0.")
	ctx.SignatureExpr("func() uint32")
	ctx.XORL(reg.ECX, reg.ECX)
	ctx.XGETBV()
	ctx.Store(reg.EAX, ctx.ReturnIndex(0))
	ctx.RET()
}
