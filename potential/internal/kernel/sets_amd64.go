//go:build !purego

package kernel

func avx2F32() *Set[float32] {
	return (&assembly[float32]{
		tile: productAVX2F32, copies: panelsAVX2F32,
		transpose: transposeAVX2F32, dots: dotsAVX2F32, width: 16, block: 8,
		axpy: axpyAVX2F32, dot: dotAVX2F32, mulAdd: mulAddAVX2F32, mul: mulAVX2F32, mulSum: mulSumAVX2F32,
		square:    [squareAssembly]func(g, q *float32, width int){square1AVX2F32, square2AVX2F32},
		squareDot: [squareAssembly]func(gDot, q, qDot *float32, width int){squareDot1AVX2F32, squareDot2AVX2F32},
		squareT: [2][squareAssembly]func(dq, dg, q *float32, width int){
			{squareT1AVX2F32, squareT2AVX2F32}, {addCurvature1AVX2F32, addCurvature2AVX2F32},
		},
		gelu:  geluAVX2F32,
		fiber: fiberAVX2F32, fiberGrad: fiberGradAVX2F32,
		spline: splineAVX2F32, splineSlope: splineSlopeAVX2F32,
		angular:    [degrees]angularFunc[float32]{angular1AVX2F32, angular2AVX2F32, angular3AVX2F32, angular4AVX2F32},
		gather:     [degrees]gatherFunc[float32]{gather1AVX2F32, gather2AVX2F32, gather3AVX2F32, gather4AVX2F32},
		gatherGrad: [degrees]gatherFunc[float32]{gatherGrad1AVX2F32, gatherGrad2AVX2F32, gatherGrad3AVX2F32, gatherGrad4AVX2F32},
		pair:       [degrees]pairFunc[float32]{pair1AVX2F32, pair2AVX2F32, pair3AVX2F32, pair4AVX2F32},
		expand:     [expandDegrees]expandFunc[float32]{expand1AVX2F32, expand2AVX2F32},
		expandPair: [expandDegrees]expandPairFunc[float32]{expandPair1AVX2F32, expandPair2AVX2F32},
		normalize:  normalizeAVX2F32, normalizeT: normalizeTAVX2F32, normalizeGrad: normalizeGradAVX2F32,
	}).set("avx2")
}

func avx2F64() *Set[float64] {
	return (&assembly[float64]{
		tile: productAVX2F64, copies: panelsAVX2F64,
		transpose: transposeAVX2F64, dots: dotsAVX2F64, width: 8, block: 4,
		axpy: axpyAVX2F64, dot: dotAVX2F64, mulAdd: mulAddAVX2F64, mul: mulAVX2F64, mulSum: mulSumAVX2F64,
		square:    [squareAssembly]func(g, q *float64, width int){square1AVX2F64, square2AVX2F64},
		squareDot: [squareAssembly]func(gDot, q, qDot *float64, width int){squareDot1AVX2F64, squareDot2AVX2F64},
		squareT: [2][squareAssembly]func(dq, dg, q *float64, width int){
			{squareT1AVX2F64, squareT2AVX2F64}, {addCurvature1AVX2F64, addCurvature2AVX2F64},
		},
		gelu:  geluAVX2F64,
		fiber: fiberAVX2F64, fiberGrad: fiberGradAVX2F64,
		spline: splineAVX2F64, splineSlope: splineSlopeAVX2F64,
		angular:    [degrees]angularFunc[float64]{angular1AVX2F64, angular2AVX2F64, angular3AVX2F64, angular4AVX2F64},
		gather:     [degrees]gatherFunc[float64]{gather1AVX2F64, gather2AVX2F64, gather3AVX2F64, gather4AVX2F64},
		gatherGrad: [degrees]gatherFunc[float64]{gatherGrad1AVX2F64, gatherGrad2AVX2F64, gatherGrad3AVX2F64, gatherGrad4AVX2F64},
		pair:       [degrees]pairFunc[float64]{pair1AVX2F64, pair2AVX2F64, pair3AVX2F64, pair4AVX2F64},
		expand:     [expandDegrees]expandFunc[float64]{expand1AVX2F64, expand2AVX2F64},
		expandPair: [expandDegrees]expandPairFunc[float64]{expandPair1AVX2F64, expandPair2AVX2F64},
		normalize:  normalizeAVX2F64, normalizeT: normalizeTAVX2F64, normalizeGrad: normalizeGradAVX2F64,
	}).set("avx2")
}

// A transposition moves data and the dots are short: AVX-512 would not help.

func avx512F32() *Set[float32] {
	return (&assembly[float32]{
		tile: productAVX512F32, copies: panelsAVX512F32,
		transpose: transposeAVX2F32, dots: dotsAVX2F32, width: 32, block: 8,
		axpy: axpyAVX512F32, dot: dotAVX512F32, mulAdd: mulAddAVX512F32, mul: mulAVX512F32, mulSum: mulSumAVX512F32,
		square:    [squareAssembly]func(g, q *float32, width int){square1AVX512F32, square2AVX512F32},
		squareDot: [squareAssembly]func(gDot, q, qDot *float32, width int){squareDot1AVX512F32, squareDot2AVX512F32},
		squareT: [2][squareAssembly]func(dq, dg, q *float32, width int){
			{squareT1AVX512F32, squareT2AVX512F32}, {addCurvature1AVX512F32, addCurvature2AVX512F32},
		},
		gelu:  geluAVX512F32,
		fiber: fiberAVX512F32, fiberGrad: fiberGradAVX512F32,
		spline: splineAVX512F32, splineSlope: splineSlopeAVX512F32,
		angular:    [degrees]angularFunc[float32]{angular1AVX512F32, angular2AVX512F32, angular3AVX512F32, angular4AVX512F32},
		gather:     [degrees]gatherFunc[float32]{gather1AVX512F32, gather2AVX512F32, gather3AVX512F32, gather4AVX512F32},
		gatherGrad: [degrees]gatherFunc[float32]{gatherGrad1AVX512F32, gatherGrad2AVX512F32, gatherGrad3AVX512F32, gatherGrad4AVX512F32},
		pair:       [degrees]pairFunc[float32]{pair1AVX512F32, pair2AVX512F32, pair3AVX512F32, pair4AVX512F32},
		expand:     [expandDegrees]expandFunc[float32]{expand1AVX512F32, expand2AVX512F32},
		expandPair: [expandDegrees]expandPairFunc[float32]{expandPair1AVX512F32, expandPair2AVX512F32},
		normalize:  normalizeAVX512F32, normalizeT: normalizeTAVX512F32, normalizeGrad: normalizeGradAVX512F32,
	}).set("avx512")
}

func avx512F64() *Set[float64] {
	return (&assembly[float64]{
		tile: productAVX512F64, copies: panelsAVX512F64,
		transpose: transposeAVX2F64, dots: dotsAVX2F64, width: 16, block: 4,
		axpy: axpyAVX512F64, dot: dotAVX512F64, mulAdd: mulAddAVX512F64, mul: mulAVX512F64, mulSum: mulSumAVX512F64,
		square:    [squareAssembly]func(g, q *float64, width int){square1AVX512F64, square2AVX512F64},
		squareDot: [squareAssembly]func(gDot, q, qDot *float64, width int){squareDot1AVX512F64, squareDot2AVX512F64},
		squareT: [2][squareAssembly]func(dq, dg, q *float64, width int){
			{squareT1AVX512F64, squareT2AVX512F64}, {addCurvature1AVX512F64, addCurvature2AVX512F64},
		},
		gelu:  geluAVX512F64,
		fiber: fiberAVX512F64, fiberGrad: fiberGradAVX512F64,
		spline: splineAVX512F64, splineSlope: splineSlopeAVX512F64,
		angular:    [degrees]angularFunc[float64]{angular1AVX512F64, angular2AVX512F64, angular3AVX512F64, angular4AVX512F64},
		gather:     [degrees]gatherFunc[float64]{gather1AVX512F64, gather2AVX512F64, gather3AVX512F64, gather4AVX512F64},
		gatherGrad: [degrees]gatherFunc[float64]{gatherGrad1AVX512F64, gatherGrad2AVX512F64, gatherGrad3AVX512F64, gatherGrad4AVX512F64},
		pair:       [degrees]pairFunc[float64]{pair1AVX512F64, pair2AVX512F64, pair3AVX512F64, pair4AVX512F64},
		expand:     [expandDegrees]expandFunc[float64]{expand1AVX512F64, expand2AVX512F64},
		expandPair: [expandDegrees]expandPairFunc[float64]{expandPair1AVX512F64, expandPair2AVX512F64},
		normalize:  normalizeAVX512F64, normalizeT: normalizeTAVX512F64, normalizeGrad: normalizeGradAVX512F64,
	}).set("avx512")
}
